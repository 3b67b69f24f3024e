/** What the trap scripts share: each shows what the naive ways do where ours is not harmed. */

export interface Way {
  readonly whose: 'naive' | 'ours';
  readonly what: string;
  readonly rounds: number;
  /** In so many of the rounds something was lost, doubled, or told too early. */
  readonly harmed: number;
  readonly harm: string;
}

export interface Trap {
  readonly title: string;
  /** @param folder an empty one, for a Redis of the trap's own */
  show(folder: string): Promise<readonly Way[]>;
}

/** Runs the rounds one after the other and counts those that did harm. */
export async function count(rounds: number, harms: (round: number) => Promise<boolean>): Promise<number> {
  let harmed = 0;
  for (let round = 1; round <= rounds; round++) if (await harms(round)) harmed++;
  return harmed;
}

/** The naive ways were harmed and ours were not: only then it is shown that the trap is there, and closed. */
export function isClosed(ways: readonly Way[]): boolean {
  return ways.every(({ whose, harmed }) => harmed > 0 === (whose === 'naive'));
}
