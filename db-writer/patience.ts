/**
 * Waiting for Redis and Postgres.
 *
 * Guarantees: an outage is told once when it begins and once when it is over, however many attempts lie between; the
 * attempts grow rarer; a wait ends at once when the process is told to stop.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/io/log.js';
import { Outage } from './outage.js';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;

export class Patience {
  /** 0 while everything serves. */
  private delayMs = 0;

  constructor(
    private readonly log: Logger,
    private readonly stop: AbortSignal,
  ) {}

  /** Attempts again after each outage, until one attempt gets through or the process is told to stop. */
  async through(attempt: () => Promise<void>): Promise<void> {
    while (!this.stop.aborted) {
      try {
        await attempt();
        this.served();
        return;
      } catch (error) {
        if (!(error instanceof Outage)) throw error;
        if (!this.stop.aborted) await this.wait(error);
      }
    }
  }

  /** Tells, inside a long attempt, that what was away is back. */
  served(): void {
    if (this.delayMs > 0) this.log.info('going on after the outage');
    this.delayMs = 0;
  }

  private async wait(outage: Outage): Promise<void> {
    if (this.delayMs === 0) this.log.warn({ err: outage }, `waiting for ${outage.server}`);
    this.delayMs = Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, this.delayMs * 2));
    await pause(this.delayMs, this.stop);
  }
}

/** Ends early when the process is told to stop. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}
