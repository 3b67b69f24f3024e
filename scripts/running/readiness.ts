/** Waiting until the exchange takes orders, and saying what is missing while it does not. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 250;
const REQUEST_TIMEOUT_MS = 2000;
const REPORT_INTERVAL_MS = 60_000;

/** Returns when `GET /health/ready` answers 200; once a minute tells what it says instead. */
export async function waitUntilReady(address: string, report: (missing: string) => void): Promise<void> {
  let reportAt = performance.now() + REPORT_INTERVAL_MS;
  for (;;) {
    const missing = await whatIsMissing(address);
    if (missing === undefined) {
      return;
    }
    if (performance.now() >= reportAt) {
      report(missing);
      reportAt += REPORT_INTERVAL_MS;
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

async function whatIsMissing(address: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(`${address}/health/ready`, { signal });
    const body = await response.text();
    return response.ok ? undefined : `${address}/health/ready says ${body}`;
  } catch {
    return `nothing answers at ${address}`;
  }
}
