/** Numbers that look drawn and are the same for the same seed. */

export const LARGEST_SEED = 2 ** 31 - 2;

/** The generator of Park and Miller. */
export class Random {
  #state: number;

  /** @param seed 1 to `LARGEST_SEED` */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to limit - 1. */
  below(limit: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % limit;
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
