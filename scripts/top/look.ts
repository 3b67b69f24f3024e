/** One look at a running exchange, over its public interface. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../api/http/operations.js';
import { Scrape } from './scrape.js';

export interface Look {
  /** Of the `performance.now()` kind. */
  at: number;
  health: Answer<'getReadiness'>;
  scrape: Scrape;
  tickers: Ticker[];
}

export type Ticker = Extract<Answer<'getTickers'>, readonly unknown[]>[number];

const TIMEOUT_MS = 2000;
const INTERVAL_MS = 1000;

/** Throws where nobody answers, or who answers is no exchange. */
export async function look(address: string): Promise<Look> {
  const [health, metrics, tickers] = await Promise.all([
    // 503 says what is missing.
    read(`${address}/health/ready`, 503),
    read(`${address}/metrics`),
    read(`${address}/api/v1/ticker`),
  ]);
  const at = performance.now();
  return { at, health: JSON.parse(health), scrape: new Scrape(metrics), tickers: JSON.parse(tickers) };
}

/** A look, or why there is none, each second. */
export async function* looks(address: string): AsyncGenerator<Look | Error> {
  for (;;) {
    const next = sleep(INTERVAL_MS);
    yield await look(address).catch((error: Error) => error);
    await next;
  }
}

async function read(url: string, alsoStatus?: number): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(error => {
    throw new Error(error.cause?.code ?? error.cause?.message ?? error.message);
  });
  const text = await response.text();
  if (!response.ok && response.status !== alsoStatus)
    throw new Error(`${url} says ${response.status} ${text}`);
  return text;
}
