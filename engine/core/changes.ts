/**
 * What a batch changed: each touched entity once, as it is at the batch's end, and the state hash after it.
 * Whoever changes an entity touches it in the same function.
 */
import { encodeImage } from '../../shared/domain/codec.js';
import { ENTITY_KINDS, type Entities, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import type { Json } from '../../shared/domain/fields.js';
import { type Hash64, HashSum, hashImage } from './hash.js';

/** What an entity carries while the core holds it: whether this batch touched it, and its term of the state hash. */
export interface Tracking {
  touched: boolean;
  hashLow: number;
  hashHigh: number;
}

export type Tracked<T> = T & Tracking;

export const UNTOUCHED: Readonly<Tracking> = { touched: false, hashLow: 0, hashHigh: 0 };

export interface BatchImages {
  /** After-images as JSON values, the kinds in table order, each in the order of the first touch. */
  images: Json[][];
  /** 16 hexadecimal digits. */
  stateHash: string;
}

export class Changes {
  readonly #hash = new HashSum();
  readonly #touched: { [K in EntityKind]: Tracked<Entities[K]>[] } = {
    exchange: [],
    asset: [],
    market: [],
    balance: [],
    order: [],
    idempotencyKey: [],
  };

  touch<K extends EntityKind>(kind: K, entity: Tracked<Entities[K]>): void {
    if (entity.touched) return;
    entity.touched = true;
    this.#touched[kind].push(entity);
  }

  /** Ends the batch: its images and the hash after it. The next touch begins a new batch. */
  end(): BatchImages {
    const images: Json[][] = [];
    for (const kind of ENTITY_KINDS) this.#endKind(kind, images);
    return { images, stateHash: this.#hash.toString() };
  }

  #endKind<K extends EntityKind>(kind: K, images: Json[][]): void {
    const touched = this.#touched[kind];
    for (const entity of touched) {
      const image = encodeImage(kind, entity);
      this.#rehash(entity, KINDS[kind].live(entity) ? hashImage(image) : NO_HASH);
      entity.touched = false;
      images.push(image);
    }
    touched.length = 0;
  }

  /** Replaces the entity's term of the sum; an entity that is over has none. */
  #rehash(entity: Tracking, { low, high }: Hash64): void {
    this.#hash.subtract(entity.hashLow, entity.hashHigh);
    entity.hashLow = low;
    entity.hashHigh = high;
    this.#hash.add(low, high);
  }
}

const NO_HASH = { low: 0, high: 0 };
