/**
 * The engine's life: it recovers, follows the journal as a standby until it may lead, then serves until it is stopped or
 * fenced. Whatever contradicts a promise ends it with an error.
 */
import { checkRedisDurability } from '../shared/io/durability.js';
import { Admission } from './admission.js';
import { Clock } from './clock.js';
import { type BatchListener, Leader } from './leader.js';
import { Leadership } from './leadership.js';
import type { Machine } from './machine.js';
import { catchUp, recover, type Stores } from './recovery.js';
import { JournalGapError } from './replay.js';

/** The wall clock may be this far from the engine's before that is worth an alarm. */
const MAX_DRIFT_MS = 60_000;
const DRIFT_CHECK_INTERVAL_MS = 10_000;

export interface EngineSettings {
  /** Unique among the engines that ever were. */
  instance: string;
  leaseMs: number;
  journalLimitBytes: number;
}

export class Engine {
  readonly #stores: Stores;
  readonly #settings: EngineSettings;
  readonly #leadership: Leadership;
  #leader: Leader | undefined;
  #serving: Promise<void> = Promise.resolve();
  #onBatch: BatchListener = () => {};

  constructor(stores: Stores, settings: EngineSettings) {
    const { commandLog, log } = stores;
    this.#stores = stores;
    this.#settings = settings;
    this.#leadership = new Leadership({ ...settings, commandLog, log });
  }

  get leads(): boolean {
    return this.#leader !== undefined;
  }

  /** One listener, before `run`. */
  listen(onBatch: BatchListener): void {
    this.#onBatch = onBatch;
  }

  /** Serves until `stop`. @param onFenced called where another engine turns out to lead */
  async run(onFenced: (error: Error) => void): Promise<void> {
    const { log, commandLog, pool } = this.#stores;
    await checkRedisDurability(commandLog.reader, log);
    const { machine, head } = await this.#takeOver();
    // What leads needs Postgres no more, and waits for no answer of it.
    pool.end().catch(() => {});
    const clock = new Clock(machine.exchange.time);
    this.#watchClock(clock);
    const admission = new Admission();
    admission.watch(commandLog.journal, this.#settings.journalLimitBytes, log);
    this.#leadership.keep(() => onFenced(new Error('another engine leads')));
    this.#leader = new Leader({ machine, clock, admission, commandLog, log, onBatch: this.#onBatch }, head);
    log.info({ head, sequence: machine.exchange.sequence, stateHash: machine.exchange.stateHash }, 'leading');
    this.#serving = this.#leader.run();
    await this.#serving;
  }

  /** After the batch that is under way; the next engine leads at once. */
  async stop(): Promise<void> {
    this.#leader?.stop();
    await this.#serving;
    await this.#leadership.resign();
    this.#stores.commandLog.close();
  }

  /** Loads and follows, again where that took so long that the journal has gone on without it. */
  async #takeOver(): Promise<{ machine: Machine; head: string }> {
    for (;;) {
      try {
        return await this.#follow(await recover(this.#stores));
      } catch (error) {
        if (!(error instanceof JournalGapError)) throw error;
        this.#stores.log.warn({ reason: error.message }, 'loading the checkpoint again');
      }
    }
  }

  /** Follows the journal until the leadership is free; then, with everybody else fenced, reads it to its end. */
  async #follow(machine: Machine): Promise<{ machine: Machine; head: string }> {
    for (;;) {
      const head = await this.#leadership.tryTake(machine.exchange.sequence);
      await catchUp(this.#stores, machine);
      if (head !== null) return { machine, head };
    }
  }

  #watchClock(clock: Clock): void {
    const check = (): void => {
      const driftMs = clock.drift();
      if (Math.abs(driftMs) <= MAX_DRIFT_MS) return;
      this.#stores.log.error(
        { driftMs },
        'the wall clock has jumped; the exchange keeps its own time until an engine starts again',
      );
    };
    check();
    setInterval(check, DRIFT_CHECK_INTERVAL_MS).unref();
  }
}
