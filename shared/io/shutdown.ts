/**
 * The end of a process that is asked to stop.
 *
 * Guarantees: the first SIGTERM or SIGINT starts the drain, and the process exits with 0 when it is done. It exits with
 * 1 when the drain fails or takes longer than `DRAIN_TIMEOUT_MS`, and at once at a second signal.
 */

/** Shorter than the supervisor's patience, so that a process that cannot drain ends by itself and says so. */
export const DRAIN_TIMEOUT_MS = 10_000;

export function onShutdown(drain: () => Promise<void>): void {
  let draining = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (draining) {
      process.exit(1);
    }
    draining = true;
    setTimeout(() => fail(`no end ${DRAIN_TIMEOUT_MS} ms after ${signal}`), DRAIN_TIMEOUT_MS).unref();
    drain().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function fail(reason: unknown): never {
  console.error('shutdown failed:', reason);
  process.exit(1);
}
