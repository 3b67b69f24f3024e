/** A copy with room for twice as many, the rest of it 0. */
export function doubled<T extends Float64Array | Int32Array | BigInt64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array as never);
  return larger;
}
