/** The rows that a batch touched, each once, in the order of the first touch. */
const INITIAL_CAPACITY = 4;

export class TouchedRows {
  /** By row: 1 where it is touched. A byte each, apart from what the rows hold, stays in the nearest cache. */
  #flags = new Uint8Array(INITIAL_CAPACITY);
  /** The first `count` of them are this batch's: an array that is kept need not grow again. */
  readonly #rows: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  at(place: number): number {
    return this.#rows[place]!;
  }

  touch(row: number): void {
    if (row >= this.#flags.length) this.#grow(row);
    if (this.#flags[row] === 1) return;
    this.#flags[row] = 1;
    this.#rows[this.#count++] = row;
  }

  /** Begins the next batch. */
  clear(): void {
    for (let place = 0; place < this.#count; place++) this.#flags[this.#rows[place]!] = 0;
    this.#count = 0;
  }

  #grow(row: number): void {
    const flags = this.#flags;
    this.#flags = new Uint8Array(2 * row);
    this.#flags.set(flags);
  }
}
