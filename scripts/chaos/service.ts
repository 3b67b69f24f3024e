/**
 * How long the exchange did not serve: probes place and cancel an order all the time, one at each api, and the time
 * between two orders that were answered, at whichever api, is a time without service.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trader } from './trader.js';

export interface Outage {
  /** `performance.now()` of the last order that was answered before, and of the first one after. */
  readonly from: number;
  readonly to: number;
}

/** Far from what others trade at, and just above the least that an order must be worth. */
const PROBE = { market: 'BTC_USDT', side: 'BUY', type: 'LIMIT', price: '1000', quantity: '0.0011' } as const;
const PROBE_INTERVAL_MS = 10;
const FAILURE_REST_MS = 20;
/** What is shorter, is a busy machine. */
const SHORTEST_OUTAGE_MS = 100;
const DOWN_AFTER_MS = 500;
const RECOVERY_TIMEOUT_MS = 60_000;

export class Service {
  readonly outages: Outage[] = [];
  #servedAt = performance.now();

  get isUp(): boolean {
    return performance.now() - this.#servedAt < DOWN_AFTER_MS;
  }

  /** Waits until orders are answered; false where that takes too long. */
  async isBack(): Promise<boolean> {
    const giveUpAt = performance.now() + RECOVERY_TIMEOUT_MS;
    while (!this.isUp && performance.now() < giveUpAt) await sleep(PROBE_INTERVAL_MS);
    return this.isUp;
  }

  /** Until the signal is aborted. */
  async probe(trader: Trader, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const { outcome, seen } = await trader.place(PROBE);
      if (outcome === 'ACKNOWLEDGED') this.#served();
      for (const order of trader.resting) await trader.cancel(order);
      if (seen === undefined) await trader.askUnknown().catch(() => {});
      await sleep(seen === undefined ? FAILURE_REST_MS : PROBE_INTERVAL_MS);
    }
  }

  #served(): void {
    const now = performance.now();
    if (now - this.#servedAt >= SHORTEST_OUTAGE_MS) this.outages.push({ from: this.#servedAt, to: now });
    this.#servedAt = now;
  }
}
