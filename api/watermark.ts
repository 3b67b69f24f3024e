/**
 * How far Postgres has come, for readers that must not see it from before a certain moment (D8).
 *
 * Guarantees: `reached` returns once the watermark is at or past the sequence, and refuses with HISTORY_UNAVAILABLE
 * after `PATIENCE_MS`. However many wait, one loop asks Postgres, and none while nobody waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from './database.js';
import { ApiError } from './errors.js';

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
}

const POLL_MS = 10;
const PATIENCE_MS = 2000;

export class Watermark {
  readonly #database: Database;
  readonly #waiters = new Set<Waiter>();
  /** The newest that was read; it never goes back. */
  #sequence = 0;
  #polling = false;

  constructor(database: Database) {
    this.#database = database;
  }

  async reached(sequence: number): Promise<void> {
    if (sequence <= this.#sequence) return;
    await new Promise<void>((resolve, reject) => {
      const giveUp = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new ApiError('HISTORY_UNAVAILABLE', 'the database has not come as far yet: try again later'));
      }, PATIENCE_MS);
      const waiter: Waiter = {
        sequence,
        resolve: () => {
          clearTimeout(giveUp);
          resolve();
        },
      };
      this.#waiters.add(waiter);
      if (!this.#polling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiters.size > 0) {
      await this.#read();
      for (const waiter of this.#waiters) {
        if (waiter.sequence > this.#sequence) continue;
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
      if (this.#waiters.size > 0) await sleep(POLL_MS);
    }
    this.#polling = false;
  }

  async #read(): Promise<void> {
    try {
      const [row] = await this.#database.query('SELECT sequence FROM watermark', []);
      this.#sequence = Math.max(this.#sequence, Number(row?.sequence ?? 0));
    } catch {
      // The database has said so in the log; those who wait give up by themselves.
    }
  }
}
