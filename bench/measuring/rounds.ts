/** A figure and its floor, measured in turn, so that a machine that drifts does the same to both. */

export interface Turns<T> {
  measured: readonly T[];
  /** Each just before the one measured beside it. */
  floor: readonly T[];
}

export async function inTurn<T>(
  rounds: number,
  { measured, floor }: { measured: () => Promise<T>; floor: () => Promise<T> },
): Promise<Turns<T>> {
  const turns = { measured: [] as T[], floor: [] as T[] };
  for (let round = 0; round < rounds; round++) {
    turns.floor.push(await floor());
    turns.measured.push(await measured());
  }
  return turns;
}

/** A figure of every turn. */
export function ofTurns<T, U>({ measured, floor }: Turns<T>, figure: (turn: T) => U): Turns<U> {
  return { measured: measured.map(figure), floor: floor.map(figure) };
}
