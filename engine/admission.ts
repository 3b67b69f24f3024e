/**
 * Which commands are taken at the moment. One that is not taken is answered SERVER_BUSY: it is neither sequenced nor
 * journaled, and never will be executed. Queries are always answered.
 */
import type { Command, CommandKind } from '../shared/domain/commands.js';
import type { Journal } from '../shared/io/journal.js';
import type { Logger } from '../shared/io/log.js';

const CHECK_INTERVAL_MS = 1000;
/** What makes the exchange owe less, and its state smaller. */
const CANCELS: ReadonlySet<CommandKind> = new Set(['CANCEL_ORDER', 'CANCEL_ALL']);

export class Admission {
  /** No command may be added to the journal, so that the db-writer reaches its end (D12). */
  draining = false;
  /** Only cancels, so that a journal that nobody writes into Postgres fills no memory (D10). */
  journalIsFull = false;

  takes({ kind }: Command): boolean {
    return !this.draining && (!this.journalIsFull || CANCELS.has(kind));
  }

  /** Compares the journal with its limit from now on. */
  watch(journal: Journal, limitBytes: number, log: Logger): void {
    const check = async (): Promise<void> => {
      const { bytes } = await journal.extent();
      const isFull = bytes > limitBytes;
      if (isFull && !this.journalIsFull) {
        log.error(
          { bytes, limitBytes },
          'the journal is full: is the db-writer running? Only cancels are taken',
        );
      }
      if (!isFull && this.journalIsFull) log.warn({ bytes }, 'the journal has room again');
      this.journalIsFull = isFull;
    };
    const next = () =>
      setTimeout(
        () =>
          check()
            .catch(() => {})
            .finally(next),
        CHECK_INTERVAL_MS,
      ).unref();
    next();
  }
}
