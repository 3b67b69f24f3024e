/**
 * What a batch changed: each touched entity once, as it is at the batch's end, and the state hash after it.
 * Whoever changes an entity touches it in the same function.
 */
import { encodeImage } from '../../shared/domain/codec.js';
import { ENTITY_KINDS, type Entities, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import type { Json } from '../../shared/domain/fields.js';
import { type Hash64, HashSum, hashImage } from './hash.js';

/** What the core keeps about an entity that it holds: whether this batch touched it, and its term of the state hash. */
export class Tracking<K extends EntityKind = EntityKind> {
  touched = false;
  hashLow = 0;
  hashHigh = 0;

  constructor(
    readonly kind: K,
    readonly entity: Entities[K],
  ) {}
}

export type Tracked<T> = T & { readonly tracking: Tracking };

/** Makes a new entity one that can be touched. */
export function track<K extends EntityKind, E extends Entities[K]>(kind: K, entity: E): Tracked<E> {
  return Object.assign(entity, { tracking: new Tracking(kind, entity) });
}

export interface BatchImages {
  /** After-images as JSON values, the kinds in table order, each in the order of the first touch. */
  images: Json[][];
  /** 16 hexadecimal digits. */
  stateHash: string;
}

export class Changes {
  readonly #hash = new HashSum();
  readonly #touched: Readonly<Record<EntityKind, Tracking[]>> = {
    exchange: [],
    asset: [],
    market: [],
    balance: [],
    order: [],
    idempotencyKey: [],
  };

  touch(tracking: Tracking): void {
    if (tracking.touched) return;
    tracking.touched = true;
    this.#touched[tracking.kind].push(tracking);
  }

  /** Ends the batch: its images and the hash after it. The next touch begins a new batch. */
  end(): BatchImages {
    const images: Json[][] = [];
    for (const kind of ENTITY_KINDS) this.#endKind(kind, images);
    return { images, stateHash: this.#hash.toString() };
  }

  #endKind(kind: EntityKind, images: Json[][]): void {
    const touched = this.#touched[kind];
    const live = KINDS[kind].live as (entity: unknown) => boolean;
    for (const tracking of touched) {
      const image = encodeImage(kind, tracking.entity);
      this.#rehash(tracking, live(tracking.entity) ? hashImage(image) : NO_HASH);
      tracking.touched = false;
      images.push(image);
    }
    touched.length = 0;
  }

  /** Replaces the entity's term of the sum; an entity that is over has none. */
  #rehash(tracking: Tracking, { low, high }: Hash64): void {
    this.#hash.subtract(tracking.hashLow, tracking.hashHigh);
    tracking.hashLow = low;
    tracking.hashHigh = high;
    this.#hash.add(low, high);
  }
}

const NO_HASH = { low: 0, high: 0 };
