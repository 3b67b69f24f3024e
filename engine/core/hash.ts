/**
 * The state hash (D4): the sum modulo 2^64, over all live entities, of a non-linear hash of the entity: its kind and
 * every field. A sum does not depend on order and is adjusted entity by entity; that each term is non-linear is what
 * tells a credit to the wrong account from one to the right account.
 *
 * A 64-bit number is kept as two 32-bit halves, since these are the integers that JavaScript computes fast. The fields
 * of a kind are mixed by a function made from its table, with the fields written out, and an entity's fixed fields are
 * mixed only once.
 */
import { ENTITY_KINDS, type Entities, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import type { Field, Fields, Value } from '../../shared/domain/fields.js';

/** Multipliers of xxHash32 and MurmurHash3's finalizer: odd, with well spread bits. */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const FINAL_1 = 0x85ebca6b;
const FINAL_2 = 0xc2b2ae35;

/** An entity's term of the sum, and what of it stays the same as long as the entity lives. */
export class HashTerm {
  low = 0;
  high = 0;
  /** Both 0 until they are known. */
  fixedLow = 0;
  fixedHigh = 0;

  /** Forgets what was said to stay the same. */
  forgetFixed(): void {
    this.fixedLow = 0;
    this.fixedHigh = 0;
  }

  /** Takes it from its words in a row, where `write` has put it. */
  read(words: Int32Array, at: number): void {
    this.low = words[at]!;
    this.high = words[at + 1]!;
    this.fixedLow = words[at + 2]!;
    this.fixedHigh = words[at + 3]!;
  }

  write(words: Int32Array, at: number): void {
    words[at] = this.low;
    words[at + 1] = this.high;
    words[at + 2] = this.fixedLow;
    words[at + 3] = this.fixedHigh;
  }

  /** Of an entity that has no term yet. */
  static clear(words: Int32Array, at: number): void {
    NO_TERM.write(words, at);
  }
}

/** What a term takes in a row. */
export const TERM_WORDS = 4;
const NO_TERM = new HashTerm();

/** A sum modulo 2^64 of entity hashes. */
export class HashSum {
  #low = 0;
  #high = 0;

  add({ low, high }: HashTerm): void {
    const sum = this.#low + (low >>> 0);
    this.#low = sum >>> 0;
    this.#high = (this.#high + (high >>> 0) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
  }

  subtract({ low, high }: HashTerm): void {
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

/** Hashes entities of one kind. */
export class EntityHasher<K extends EntityKind> {
  readonly #seed: number;
  readonly #mixFixed: Mixer<Entities[K]>;
  readonly #mixChanging: Mixer<Entities[K]>;

  constructor(kind: K) {
    const { fixed, changing } = KINDS[kind];
    this.#seed = ENTITY_KINDS.indexOf(kind) + 1;
    this.#mixFixed = mixerOf(fixed as Fields<Entities[K]>);
    this.#mixChanging = mixerOf(changing as Fields<Entities[K]>);
  }

  /** Puts the entity's hash into its term. */
  hash(entity: Entities[K], term: HashTerm): void {
    if ((term.fixedLow | term.fixedHigh) === 0) {
      this.#mixFixed(entity, this.#seed, 0, term);
      term.fixedLow = term.low;
      term.fixedHigh = term.high;
    }
    this.#mixChanging(entity, term.fixedLow, term.fixedHigh, term);
    const { low, high } = term;
    term.low = finish(low ^ (high >>> 7));
    term.high = finish(high ^ (low << 9));
  }
}

/** Hashes entities that are rows, which have their terms in words of their own. */
export class RowHasher<K extends EntityKind> {
  readonly #hasher: EntityHasher<K>;
  readonly #stateHash: HashSum;
  readonly #term = new HashTerm();

  /** @param stateHash of which the terms are a part */
  constructor(kind: K, stateHash: HashSum) {
    this.#hasher = new EntityHasher(kind);
    this.#stateHash = stateHash;
  }

  /** The entity has changed. */
  replace(words: Int32Array, at: number, entity: Entities[K]): void {
    this.remove(words, at);
    this.add(words, at, entity);
  }

  /** The entity will change. */
  remove(words: Int32Array, at: number): void {
    this.#term.read(words, at);
    this.#stateHash.subtract(this.#term);
  }

  /** The entity is as it will be. */
  add(words: Int32Array, at: number, entity: Entities[K]): void {
    const term = this.#term;
    term.read(words, at);
    this.#hasher.hash(entity, term);
    term.write(words, at);
    this.#stateHash.add(term);
  }
}

function finish(half: number): number {
  let h = half;
  h = Math.imul(h ^ (h >>> 16), FINAL_1);
  h = Math.imul(h ^ (h >>> 13), FINAL_2);
  return h ^ (h >>> 16);
}

/** Mixes the fields of an entity, one after the other, into a hash of two halves. */
type Mixer<T> = (entity: T, low: number, high: number, result: HashTerm) => void;

/** An amount is mixed as the two halves of its 64 bits; every machine that Node runs on stores the lower one first. */
const amountCell = new BigInt64Array(1);
const amountHalves = new Int32Array(amountCell.buffer);

/** Of each table of fields, made once: all exchanges of a process mix alike. */
const mixers = new Map<object, unknown>();

function mixerOf<T>(fields: Fields<T>): Mixer<T> {
  const mixer = (mixers.get(fields) as Mixer<T> | undefined) ?? makeMixer(fields);
  mixers.set(fields, mixer);
  return mixer;
}

function makeMixer<T>(fields: Fields<T>): Mixer<T> {
  const table = Object.entries<Field<Value>>(fields as Record<string, Field<Value>>);
  const mixing = table.map(([name, field]) => `{ value = entity.${name}; ${mixingOf(field)} }`);
  const body = `return (entity, low, high, result) => {
    let value, word;
    ${mixing.join('\n')}
    result.low = low;
    result.high = high;
  };`;
  return new Function('cell', 'halves', body)(amountCell, amountHalves) as Mixer<T>;
}

const MIX_WORD = `
  low = Math.imul(low ^ word, ${PRIME_1});
  low = (low << 15) | (low >>> 17);
  high = Math.imul((high + word) ^ low, ${PRIME_2});
  high = (high << 13) | (high >>> 19);`;

const MIXING: Readonly<Record<Field<Value>['type'], string>> = {
  integer: `${mix('value | 0')} ${mix('(value / 0x100000000) | 0')}`,
  amount: `cell[0] = value; ${mix('halves[0]')} ${mix('halves[1]')}`,
  flag: mix('value ? 1 : 2'),
  // ASCII: four characters are a word, and those left over one each.
  text: `${mix('value.length')}
    let i = 0;
    for (; i + 3 < value.length; i += 4) { ${mix(`${[0, 1, 2, 3].map(n => `(value.charCodeAt(i + ${n}) << ${8 * n})`).join(' | ')}`)} }
    for (; i < value.length; i++) { ${mix('value.charCodeAt(i)')} }`,
};

function mix(word: string): string {
  return `word = ${word}; ${MIX_WORD}`;
}

/** A null is told from every value of the other types by its second word. One of a list is its place there. */
function mixingOf({ type, nullable, values }: Field<Value>): string {
  if (values !== undefined) return mix(placeOf(values));
  if (!nullable) return MIXING[type];
  return `if (value === null) { ${mix('1')} ${mix('-1')} } else { ${mix('2')} ${MIXING[type]} }`;
}

function placeOf(values: readonly Value[]): string {
  return `${values.map((value, place) => `value === ${JSON.stringify(value)} ? ${place} : `).join('')}-1`;
}
