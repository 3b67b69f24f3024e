/** The benchmark's reports: written as numbers while the clock runs, put into words afterwards. */
import { createHash } from 'node:crypto';

export const ACCEPTED = 0;
export const TRADE = 1;
export const CANCELLED = 2;
export const MODIFIED = 3;
export const CANCEL_REJECTED = 4;
export const MODIFY_REJECTED = 5;

/** Of a report: its type, its sequence and up to four more. */
const FIELDS = 6;
/** How many of them a line has, by type. */
const LINE_FIELDS = [6, 6, 5, 6, 3, 3];
/** Each message has one of its own; every other (a trade, an IOC's rest) ends an order, and a message enters one. */
const MOST_A_MESSAGE = 2;
const LINES_A_CHUNK = 50_000;

export class Reports {
  readonly #fields: Float64Array;
  #end = 0;

  constructor(messages: number) {
    // Written once, so that the clock does not see the kernel hand out the pages.
    this.#fields = new Float64Array(messages * MOST_A_MESSAGE * FIELDS).fill(0);
  }

  add(type: number, seq: number, a: number, b: number, c: number, d: number): void {
    const fields = this.#fields;
    const at = this.#end;
    fields[at] = type;
    fields[at + 1] = seq;
    fields[at + 2] = a;
    fields[at + 3] = b;
    fields[at + 4] = c;
    fields[at + 5] = d;
    this.#end = at + FIELDS;
  }

  /** Makes room for the next pass. */
  clear(): void {
    this.#end = 0;
  }

  *lines(): Generator<string> {
    for (let at = 0; at < this.#end; at += FIELDS) {
      yield this.#fields.subarray(at, at + LINE_FIELDS[this.#fields[at]!]!).join();
    }
  }

  /** Of the report text: the lines, joined by line feeds. Hexadecimal. */
  sha256(): string {
    const hash = createHash('sha256');
    let chunk: string[] = [];
    let separator = '';
    const flush = () => {
      hash.update(separator + chunk.join('\n'));
      separator = '\n';
      chunk = [];
    };
    for (const line of this.lines()) {
      chunk.push(line);
      if (chunk.length === LINES_A_CHUNK) flush();
    }
    if (chunk.length > 0) flush();
    return hash.digest('hex');
  }
}
