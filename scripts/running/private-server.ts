/** What the private Redis and the private Postgres have in common: starting one and waiting until it answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Program, stopProgram } from './program.js';
import { Refusal } from './refusal.js';

/** A server of our own on a free port of the loopback address. */
export interface PrivateServer {
  readonly url: string;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface ServerProgram {
  readonly program: Program;
  readonly url: string;
  /** Rejects as long as the server does not answer. */
  readonly probe: () => Promise<void>;
}

/** A server with much data to load takes its time; longer than this, and something else is wrong. */
const START_TIMEOUT_MS = 120_000;
const PROBE_INTERVAL_MS = 50;

/** After a `kill -9`, Postgres refuses for a second or two, until the last child of the old one is gone. */
const LAUNCHES = 5;
const RELAUNCH_DELAY_MS = 1000;

export async function startServer({ program, url, probe }: ServerProgram): Promise<PrivateServer> {
  for (let attempt = 1; ; attempt++) {
    const running = launch(program);
    const givenUp = new AbortController();
    const reason = await Promise.race([running.ended, waitUntilAnswering(probe, givenUp.signal)]);
    if (reason === undefined) {
      return { url, pid: running.pid, stop: async () => void (await stopProgram(running)) };
    }
    givenUp.abort();
    if (attempt === LAUNCHES) {
      throw new Refusal(
        `${program.name} ended by ${reason} instead of starting; its log is ${program.logFile}.`,
      );
    }
    await sleep(RELAUNCH_DELAY_MS);
  }
}

/** Rejects with the last failure after `START_TIMEOUT_MS`; returns early when the signal says that nobody waits. */
export async function waitUntilAnswering(
  probe: () => Promise<void>,
  givenUp?: AbortSignal,
): Promise<undefined> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!givenUp?.aborted) {
    try {
      await probe();
      return;
    } catch (error) {
      if (performance.now() > deadline) {
        throw error;
      }
      await sleep(PROBE_INTERVAL_MS);
    }
  }
}
