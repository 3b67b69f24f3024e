/**
 * What a batch changed: each touched entity once, as it is at the batch's end, and the state hash after it.
 * Whoever changes an entity touches it in the same function.
 */
import type { Image } from '../../shared/domain/codec.js';
import { ENTITY_KINDS, type Entities, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import { recordCopier } from '../../shared/domain/fields.js';
import { EntityHasher, HashSum, HashTerm } from './hash.js';
import { OrderChanges } from './order-changes.js';
import type { OrderRecords } from './order-records.js';
import type { OrderSlots } from './order-slots.js';
import type { Trader } from './trader.js';

export interface BatchImages {
  /** Each changed entity as it is after the batch, the kinds in table order, each in the order of the first touch. */
  images: Image[];
  /** 16 hexadecimal digits. */
  stateHash: string;
}

export class ChangesOfKind<K extends EntityKind> {
  readonly #kind: K;
  readonly #hasher: EntityHasher<K>;
  readonly #copy: (entity: Entities[K]) => Entities[K];
  readonly #touched: Tracking<K>[] = [];

  constructor(kind: K) {
    this.#kind = kind;
    this.#hasher = new EntityHasher(kind);
    this.#copy = recordCopier(KINDS[kind].fields);
  }

  /** Makes an entity one that can be touched. */
  track(entity: Entities[K]): Tracking<K> {
    return new Tracking(this, entity);
  }

  add(tracking: Tracking<K>): void {
    this.#touched.push(tracking);
  }

  end(images: Image[], stateHash: HashSum): void {
    for (const tracking of this.#touched) {
      tracking.touched = false;
      const { entity } = tracking;
      images.push({ kind: this.#kind, entity: this.#copy(entity) } as Image);
      stateHash.subtract(tracking);
      if (KINDS[this.#kind].live(entity)) {
        this.#hasher.hash(entity, tracking);
        stateHash.add(tracking);
      }
    }
    this.#touched.length = 0;
  }
}

/** What the core keeps about an entity that it holds: whether this batch touched it, and its term of the state hash. */
export class Tracking<K extends EntityKind> extends HashTerm {
  touched = false;

  constructor(
    readonly changes: ChangesOfKind<K>,
    readonly entity: Entities[K],
  ) {
    super();
  }

  /** Says that the entity changes. */
  touch(): void {
    if (this.touched) return;
    this.touched = true;
    this.changes.add(this);
  }
}

export type Tracked<K extends EntityKind> = Entities[K] & { readonly tracking: Tracking<K> };

/** Makes a new entity one that can be touched. */
export function tracked<K extends EntityKind>(changes: ChangesOfKind<K>, entity: Entities[K]): Tracked<K> {
  const copy = { ...entity };
  return Object.assign(copy, { tracking: changes.track(copy) });
}

export class Changes {
  readonly exchange = new ChangesOfKind('exchange');
  readonly asset = new ChangesOfKind('asset');
  readonly market = new ChangesOfKind('market');
  readonly balance = new ChangesOfKind('balance');
  readonly order: OrderChanges;
  readonly idempotencyKey = new ChangesOfKind('idempotencyKey');
  readonly #stateHash = new HashSum();

  constructor(slots: OrderSlots, orders: OrderRecords, traders: readonly Trader[]) {
    this.order = new OrderChanges(slots, orders, traders);
  }

  /** Ends the batch: its images and the hash after it. The next touch begins a new batch. */
  end(): BatchImages {
    const images: Image[] = [];
    for (const kind of ENTITY_KINDS) this[kind].end(images, this.#stateHash);
    return { images, stateHash: this.#stateHash.toString() };
  }
}
