/** One thing that is proved of an exchange, or not. */

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was compared and how much of it; of a failure, what contradicts. */
  readonly detail: string;
}

/** @param prove gives what it compared, and throws where that contradicts or cannot be read */
export async function check(name: string, prove: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await prove() };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message };
  }
}

/** `1,234 orders`. */
export function counted(count: number | bigint, what: string): string {
  return `${count.toLocaleString('en')} ${what}`;
}

const EXAMPLES = 3;

/** What differs, of which any number may be found and a few are told. */
export class Differences {
  readonly #examples: string[] = [];
  #count = 0;

  add(text: string): void {
    this.#count++;
    if (this.#examples.length < EXAMPLES) this.#examples.push(text);
  }

  /** Throws where there is any. */
  assertNone(): void {
    if (this.#count === 0) return;
    const more = this.#count - this.#examples.length;
    const rest = more === 0 ? '' : `; and ${more.toLocaleString('en')} more`;
    throw new Error(`${this.#examples.join('; ')}${rest}`);
  }
}
