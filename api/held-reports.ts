/**
 * The reports that are held, whole batches of them, and which of them are an account's.
 *
 * Guarantees: `after` and `held` take as long as an account has reports, not as long as there are reports. What is held
 * is numbers and the batches' bytes, beside each other: as objects, each of them copied twice by the garbage collection
 * before it was left in peace, they took 9 of the api's 77 µs a request.
 */
import { mapReports, type ReportLine } from '../shared/domain/reports.js';
import { Fifo } from './fifo.js';

/** More than a busy exchange gives in so many commands. */
const MAX_HELD = 1_000_000;

/** A report with its place among all that were heard, which is 1 or more. */
export interface HeardReport extends ReportLine {
  readonly place: number;
}

interface HeldBatch {
  /** Of its last command. */
  readonly sequence: number;
  /** Place of its first report. */
  readonly first: number;
  readonly bytes: Buffer;
  /** A row of `COLUMNS` numbers for each report. */
  readonly rows: Float64Array;
}

/** Of a row: what a report line has, and the place of its account's report before it, 0 where none has been. */
const COLUMNS = 5;
const [ACCOUNT, SEQ, FROM, END, BEFORE] = [0, 1, 2, 3, 4];

export class HeldReports {
  readonly #batches = new Fifo<HeldBatch>();
  /** The place of each account's newest report, of those that have some here. */
  readonly #newest = new Map<number, number>();
  /** Of the last report that was heard. */
  #place = 0;

  get place(): number {
    return this.#place;
  }

  /** Gives the reports of a batch. @param sequence of its last command */
  add(bytes: Buffer, sequence: number): HeardReport[] {
    const first = this.#place + 1;
    const reports = mapReports(bytes, (account, seq, from, end): HeardReport => {
      return { account, seq, batch: bytes, from, end, place: ++this.#place };
    });
    const rows = new Float64Array(reports.length * COLUMNS);
    let row = 0;
    for (const { account, seq, from, end, place } of reports) {
      rows[row + ACCOUNT] = account;
      rows[row + SEQ] = seq;
      rows[row + FROM] = from;
      rows[row + END] = end;
      rows[row + BEFORE] = this.#newest.get(account) ?? 0;
      this.#newest.set(account, place);
      row += COLUMNS;
    }
    this.#batches.push({ sequence, first, bytes, rows });
    return reports;
  }

  /** An account's reports that were heard after a place; `undefined` where some may not be held any more. */
  after(account: number, place: number): HeardReport[] | undefined {
    return place < this.#oldest - 1 ? undefined : this.#from(account, place + 1);
  }

  /** An account's reports that are held, oldest first. */
  held(account: number): HeardReport[] {
    return this.#from(account, this.#oldest);
  }

  /** Forgets the batches up to a sequence, and the oldest ones of too many reports. */
  forget(sequence: number): void {
    for (let batch = this.#batches.first(); batch !== undefined; batch = this.#batches.first()) {
      const isOver = batch.sequence <= sequence || this.#place - batch.first >= MAX_HELD;
      if (!isOver) break;
      this.#batches.shift();
      for (let row = 0, place = batch.first; row < batch.rows.length; row += COLUMNS, place++) {
        const account = batch.rows[row + ACCOUNT]!;
        if (this.#newest.get(account) === place) this.#newest.delete(account);
      }
    }
  }

  /** Place of the oldest report that is held, or of the next one where none is. */
  get #oldest(): number {
    return this.#batches.first()?.first ?? this.#place + 1;
  }

  /** An account's reports from a place on that is held, oldest first. */
  #from(account: number, oldest: number): HeardReport[] {
    const reports: HeardReport[] = [];
    for (let place = this.#newest.get(account) ?? 0; place >= oldest; ) {
      const { first, bytes, rows } = this.#batchOf(place);
      const row = (place - first) * COLUMNS;
      const [seq, from, end] = [rows[row + SEQ]!, rows[row + FROM]!, rows[row + END]!];
      reports.push({ account, seq, batch: bytes, from, end, place });
      place = rows[row + BEFORE]!;
    }
    return reports.reverse();
  }

  /** By halving. */
  #batchOf(place: number): HeldBatch {
    let [from, to] = [0, this.#batches.size];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (this.#batches.at(middle)!.first <= place) from = middle;
      else to = middle;
    }
    return this.#batches.at(from)!;
  }
}
