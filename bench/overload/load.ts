/**
 * A closed loop of orders that goes on through refusals: who is refused sends the same order again after a pause.
 *
 * Guarantees: `end` returns when every order that was sent is answered, so that what was accepted can be counted
 * exactly. Latencies are those of accepted orders, from the attempt that was accepted to its answer.
 */
import { Connection } from '../load/connection.js';
import { Latencies } from '../measuring/latencies.js';
import type { Pair } from './pairs.js';

const CODE = /"code":"(\w+)"/;

export interface Measured {
  seconds: number;
  /** `Latencies`, encoded. */
  latencies: string;
  /** While measured. */
  accepted: number;
  /** While measured, by code. */
  refused: [code: string, count: number][];
  /** From the first order to the last, by code; `ACCEPTED` for what was. */
  all: [code: string, count: number][];
}

export class PersistentLoad {
  readonly #latencies = new Latencies();
  readonly #retryPauseMs: number;
  readonly #connections: Connection[] = [];
  readonly #senders: (() => void)[];
  #outcomes = new Map<string, number>();
  #before = new Map<string, number>();
  #underWay = 0;
  #measuring = false;
  #ending = false;
  #startedAt = 0;
  #onEnd: () => void = () => {};

  /** @param retryPauseMs 0: at once */
  constructor(exchange: { host: string; port: number }, pairs: readonly Pair[], retryPauseMs: number) {
    this.#retryPauseMs = retryPauseMs;
    this.#senders = pairs.map(pair => this.#connect(exchange, pair));
  }

  start(): void {
    for (const send of this.#senders) send();
  }

  measure(): void {
    this.#measuring = true;
    this.#startedAt = performance.now();
    this.#before = this.#outcomes;
    this.#outcomes = new Map();
  }

  async end(): Promise<Measured> {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#measuring = false;
    const measured = new Map(this.#outcomes);
    this.#ending = true;
    const allAnswered = new Promise<void>(resolve => {
      this.#onEnd = resolve;
    });
    if (this.#underWay > 0) await allAnswered;
    for (const connection of this.#connections) connection.close();
    const all = new Map(this.#before);
    for (const [code, count] of this.#outcomes) all.set(code, (all.get(code) ?? 0) + count);
    const { ACCEPTED = 0, ...refused } = Object.fromEntries(measured);
    return {
      seconds,
      latencies: this.#latencies.encoded(),
      accepted: ACCEPTED,
      refused: Object.entries(refused),
      all: [...all],
    };
  }

  #connect({ host, port }: { host: string; port: number }, pair: Pair): () => void {
    let next = 0;
    let sentAt = 0;
    const send = () => {
      if (this.#ending) return;
      sentAt = performance.now();
      this.#underWay++;
      connection.send(pair[next]!);
    };
    const connection = new Connection({ host, port }, (status, body) => {
      this.#underWay--;
      const accepted = status === 201;
      const code = accepted ? 'ACCEPTED' : (CODE.exec(body)?.[1] ?? `status ${status}`);
      this.#outcomes.set(code, (this.#outcomes.get(code) ?? 0) + 1);
      if (accepted) {
        next = 1 - next;
        if (this.#measuring) this.#latencies.addMs(performance.now() - sentAt);
      }
      if (this.#ending && this.#underWay === 0) this.#onEnd();
      else if (accepted || this.#retryPauseMs === 0) send();
      else setTimeout(send, this.#retryPauseMs);
    });
    this.#connections.push(connection);
    return send;
  }
}
