/**
 * One client: a connection that sends the cycles of its traders, one request at a time, and looks at every answer.
 *
 * Guarantees: an answer counts for its act only where it is what the act must come to; a cycle that was begun can be
 * brought to its end, after which nothing of it is left in the book.
 */
import { type Address, Connection } from './connection.js';
import { type Act, CYCLE_LENGTH } from './order-cycles.js';
import type { Request } from './requests.js';
import type { Tally } from './tally.js';

/** A status and what the body holds. */
const EXPECTED: Readonly<Record<Act, readonly [status: number, text: string]>> = {
  REST: [201, '"status":"NEW"'],
  TRADE: [201, '"status":"FILLED"'],
  CANCEL: [200, '"status":"CANCELED"'],
};

export class Walker {
  readonly #connection: Connection;
  readonly #script: readonly Request[];
  readonly #tally: Tally;
  #next = 0;

  /** @param onAnswer the request that was under way is answered */
  constructor(
    address: Address,
    script: readonly Request[],
    tally: Tally,
    onAnswer: (walker: Walker) => void,
  ) {
    this.#script = script;
    this.#tally = tally;
    this.#connection = new Connection(address, (status, body) => {
      this.#check(status, body);
      onAnswer(this);
    });
  }

  /** Between two cycles, or with the last request of one under way. */
  get isDone(): boolean {
    return this.#next % CYCLE_LENGTH === 0;
  }

  send(): void {
    this.#connection.send(this.#script[this.#next++ % this.#script.length]!.bytes);
  }

  close(): void {
    this.#connection.close();
  }

  #check(status: number, body: string): void {
    const { act } = this.#script[(this.#next - 1) % this.#script.length]!;
    const [expectedStatus, text] = EXPECTED[act];
    if (status === expectedStatus && body.includes(text)) this.#tally.expected(act, body);
    else this.#tally.unexpected(act, body);
  }
}
