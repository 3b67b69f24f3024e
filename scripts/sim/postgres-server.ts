/**
 * A simulated Postgres: transactions on the tables of an exchange, each connection with its own.
 *
 * A statement sees what was committed before it, or before its transaction's first one where that is REPEATABLE READ. The
 * watermark's row is locked by who moves it, and a second one waits and looks again. What was committed stays.
 */
import pg from 'pg';
import type { Random } from '../random.js';
import type { Link } from './link.js';
import {
  copyOut,
  failure,
  isWatermarkUpdate,
  type Result,
  run,
  type Statement,
  type View,
} from './postgres-statements.js';
import { emptyTables, type Row, snapshotOf, type Tables } from './postgres-tables.js';
import type { Scheduler } from './scheduler.js';

export type Answer = Result | { copied: string } | { error: Error };

/** By table and key; undefined is a row that was taken out. */
type Written = Map<string, Map<string, Row | undefined>>;

interface Transaction {
  readonly isSnapshot: boolean;
  snapshot: Tables | undefined;
  readonly written: Written;
  hasFailed: boolean;
}

interface Session {
  readonly link: Link;
  transaction: Transaction | undefined;
}

const FLUSH_SPREAD_US = 2000;
const IN_FAILED_TRANSACTION = '25P02';

export class PostgresServer {
  isUp = true;
  tables = emptyTables();
  /** Happens once, while a transaction is being committed: before it is on disk, or before that is answered. */
  onCommit: (() => void) | undefined;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #sessions = new Map<Link, Session>();
  /** Who has moved the watermark and not ended yet, and who waits for that. */
  #mover: Session | undefined;
  #movers: (() => void)[] = [];
  #life = 0;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  accept(link: Link): void {
    this.#sessions.set(link, { link, transaction: undefined });
  }

  /** What the session had begun is undone. */
  closed(link: Link): void {
    const session = this.#sessions.get(link);
    this.#sessions.delete(link);
    if (session !== undefined) this.#end(session);
  }

  crash(): void {
    this.isUp = false;
    this.#life++;
    for (const link of this.#sessions.keys()) link.break();
    this.#sessions.clear();
    this.#mover = undefined;
    this.#movers = [];
  }

  start(): void {
    this.isUp = true;
  }

  receive(link: Link, statement: Statement, answer: (answer: Answer) => void): void {
    const session = this.#sessions.get(link);
    if (session === undefined) return;
    const { text } = statement;
    const isLocked = this.#mover !== undefined && this.#mover !== session;
    if (text === 'COMMIT') this.#commit(session, answer);
    else if (isLocked && isWatermarkUpdate(text)) {
      this.#movers.push(() => this.receive(link, statement, answer));
    } else answer(this.#answerTo(session, statement));
  }

  #answerTo(session: Session, statement: Statement): Answer {
    const { text } = statement;
    if (text.startsWith('BEGIN')) {
      session.transaction = {
        isSnapshot: text.includes('REPEATABLE READ'),
        snapshot: undefined,
        written: new Map(),
        hasFailed: false,
      };
      return DONE;
    }
    if (text === 'ROLLBACK') {
      this.#end(session);
      return DONE;
    }
    if (text.startsWith('SET LOCAL') || text.startsWith('LOCK TABLE')) return DONE;
    if (session.transaction?.hasFailed)
      return { error: failure(IN_FAILED_TRANSACTION, 'transaction is aborted') };
    try {
      return this.#execute(session, statement);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      if (session.transaction !== undefined) session.transaction.hasFailed = true;
      return { error };
    }
  }

  #execute(session: Session, statement: Statement): Answer {
    const tables = this.#seenBy(session);
    if (/^COPY \(/.test(statement.text)) return { copied: copyOut(tables, statement.text) };
    const { transaction } = session;
    const written: Written = transaction?.written ?? new Map();
    const put = (table: string, key: string, row: Row | undefined) => {
      const rows = written.get(table) ?? new Map<string, Row | undefined>();
      written.set(table, rows.set(key, row));
    };
    const view: View = {
      tables,
      find: (table, key) => {
        const rows = written.get(table);
        return rows?.has(key) ? rows.get(key) : tables.get(table)!.get(key);
      },
      write: put,
      remove: (table, key) => put(table, key, undefined),
    };
    const result = run(view, statement);
    if (isWatermarkUpdate(statement.text) && result.rowCount > 0 && transaction !== undefined)
      this.#mover = session;
    if (transaction === undefined) this.#keep(written);
    return result;
  }

  #seenBy({ transaction }: Session): Tables {
    if (!transaction?.isSnapshot) return this.tables;
    transaction.snapshot ??= snapshotOf(this.tables);
    return transaction.snapshot;
  }

  /** The answer comes once it is on disk. */
  #commit(session: Session, answer: (answer: Answer) => void): void {
    const life = this.#life;
    const { transaction } = session;
    const { onCommit } = this;
    this.onCommit = undefined;
    const isInTime = onCommit === undefined || this.#random.oneIn(2);
    this.#scheduler.after(this.#random.below(FLUSH_SPREAD_US) / 1000, undefined, () => {
      if (life !== this.#life || session.transaction !== transaction) return;
      if (isInTime && transaction !== undefined && !transaction.hasFailed) this.#keep(transaction.written);
      this.#end(session);
      answer(DONE);
      onCommit?.();
    });
  }

  #keep(written: Written): void {
    for (const [name, rows] of written) {
      const table = this.tables.get(name)!;
      for (const [key, row] of rows)
        if (row === undefined) table.delete(key);
        else table.set(key, row);
    }
  }

  #end(session: Session): void {
    session.transaction = undefined;
    if (this.#mover !== session) return;
    this.#mover = undefined;
    for (const retry of this.#movers.splice(0)) retry();
  }
}

const DONE: Result = { rows: [], rowCount: 0 };
