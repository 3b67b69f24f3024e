/** Each client sends its next request when the last one is answered. */
import type { Address } from './connection.js';
import type { Request } from './requests.js';
import type { Tally } from './tally.js';
import { Walker } from './walker.js';

export class ClosedLoop {
  readonly #tally: Tally;
  readonly #walkers: Walker[];
  readonly #sentAt = new Map<Walker, number>();
  #underWay = 0;
  #isEnding = false;
  #onEnd = () => {};

  constructor(address: Address, scripts: readonly Request[][], tally: Tally) {
    this.#tally = tally;
    this.#walkers = scripts.map(
      script => new Walker(address, script, tally, walker => this.#answered(walker)),
    );
  }

  start(): void {
    for (const walker of this.#walkers) this.#send(walker);
  }

  /** Returns when every cycle that was begun is over. Gives how many requests were due and not sent: none. */
  async end(): Promise<number> {
    this.#isEnding = true;
    await new Promise<void>(resolve => {
      this.#onEnd = resolve;
    });
    for (const walker of this.#walkers) walker.close();
    return 0;
  }

  #send(walker: Walker): void {
    this.#underWay++;
    this.#sentAt.set(walker, performance.now());
    walker.send();
  }

  #answered(walker: Walker): void {
    this.#underWay--;
    this.#tally.answered(this.#sentAt.get(walker)!);
    if (!this.#isEnding || !walker.isDone) this.#send(walker);
    else if (this.#underWay === 0) this.#onEnd();
  }
}
