/** A figure and its floor, measured in turn, so that a machine that drifts does the same to both. */

export interface Turns<T> {
  measured: T[];
  floor: T[];
}

export async function inTurn<T>(
  rounds: number,
  { measured, floor }: { measured: () => Promise<T>; floor: () => Promise<T> },
): Promise<Turns<T>> {
  const turns: Turns<T> = { measured: [], floor: [] };
  for (let round = 0; round < rounds; round++) {
    turns.floor.push(await floor());
    turns.measured.push(await measured());
  }
  return turns;
}
