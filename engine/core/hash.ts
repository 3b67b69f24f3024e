/**
 * The state hash (D4): the sum modulo 2^64, over all live entities, of a non-linear hash of the after-image: kind and every field.
 * A sum does not depend on order and is adjusted entity by entity; that each term is non-linear is what tells a credit
 * to the wrong account from one to the right account.
 *
 * A 64-bit number is kept as two 32-bit halves, since these are the integers that JavaScript computes fast.
 */
import type { Json } from '../../shared/domain/fields.js';

/** Multipliers of xxHash32 and MurmurHash3's finalizer: odd, with well spread bits. */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const FINAL_1 = 0x85ebca6b;
const FINAL_2 = 0xc2b2ae35;

const TAG_NULL = 1;
const TAG_FALSE = 2;
const TAG_TRUE = 3;

let low = 0;
let high = 0;

/** The hash of an after-image, its kind included. The result is reused by the next call. */
export function hashImage(image: readonly Json[]): Readonly<Hash64> {
  low = image.length;
  high = ~image.length;
  for (const value of image) mixValue(value);
  result.low = finish(low ^ (high >>> 7));
  result.high = finish(high ^ (low << 9));
  return result;
}

export interface Hash64 {
  low: number;
  high: number;
}

const result: Hash64 = { low: 0, high: 0 };

/** A sum modulo 2^64 of entity hashes. */
export class HashSum {
  #low = 0;
  #high = 0;

  add(low: number, high: number): void {
    const sum = this.#low + (low >>> 0);
    this.#low = sum >>> 0;
    this.#high = (this.#high + (high >>> 0) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  subtract(low: number, high: number): void {
    const difference = this.#low - (low >>> 0);
    this.#low = difference >>> 0;
    this.#high = (this.#high - (high >>> 0) - (difference < 0 ? 1 : 0)) >>> 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}

function mixValue(value: Json): void {
  switch (typeof value) {
    case 'number':
      mix(value | 0);
      mix(Math.floor(value / 0x100000000) | 0);
      return;
    case 'string':
      mix(value.length);
      for (let i = 0; i < value.length; i++) mix(value.charCodeAt(i));
      return;
    case 'boolean':
      mix(value ? TAG_TRUE : TAG_FALSE);
      return;
    default:
      mix(TAG_NULL);
      mix(-TAG_NULL);
  }
}

function mix(word: number): void {
  low = Math.imul(low ^ word, PRIME_1);
  low = (low << 15) | (low >>> 17);
  high = Math.imul((high + word) ^ low, PRIME_2);
  high = (high << 13) | (high >>> 19);
}

function finish(half: number): number {
  let h = half;
  h = Math.imul(h ^ (h >>> 16), FINAL_1);
  h = Math.imul(h ^ (h >>> 13), FINAL_2);
  return h ^ (h >>> 16);
}
