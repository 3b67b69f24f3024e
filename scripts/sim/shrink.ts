/** Makes a plan that fails smaller, as long as it still fails: what is left is what it takes. */
import type { Plan } from './plan.js';

const MAX_TRIES = 300;

/** @param fails runs a plan */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  const smaller = new Shrinking(plan, fails);
  await smaller.without('faults');
  await smaller.without('asked');
  await smaller.without('readings');
  await smaller.without('faults');
  return smaller.plan;
}

class Shrinking {
  plan: Plan;
  readonly #fails: (plan: Plan) => Promise<boolean>;
  #tries = 0;

  constructor(plan: Plan, fails: (plan: Plan) => Promise<boolean>) {
    this.plan = plan;
    this.#fails = fails;
  }

  /** Leaves out as much of a list as it can: halves, then quarters, down to single items. */
  async without(what: 'faults' | 'asked' | 'readings'): Promise<void> {
    for (let size = this.plan[what].length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < this.plan[what].length && this.#tries < MAX_TRIES; ) {
        const list = this.plan[what].toSpliced(at, size);
        this.#tries++;
        const candidate: Plan = { ...this.plan, [what]: list };
        if (await this.#fails(candidate)) this.plan = candidate;
        else at += size;
      }
    }
  }
}
