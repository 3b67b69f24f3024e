/**
 * What a batch changed: each touched entity once, as it is at the batch's end, and the state hash after it.
 * Whoever changes an entity touches it in the same function.
 */
import { type Entities, type EntityKind, KINDS } from '../../shared/domain/entities.js';
import { EntityHasher, type HashSum, HashTerm } from './hash.js';

export class ChangesOfKind<K extends EntityKind> {
  readonly #hasher: EntityHasher<K>;
  readonly #live: (entity: Entities[K]) => boolean;
  /** The first `#count` of them are this batch's: an array that is kept need not grow again. */
  readonly #touched: Tracking<K>[] = [];
  #count = 0;

  constructor(kind: K) {
    this.#hasher = new EntityHasher(kind);
    this.#live = KINDS[kind].live;
  }

  /** Makes an entity one that can be touched. */
  track(entity: Entities[K]): Tracking<K> {
    return new Tracking(this, entity);
  }

  add(tracking: Tracking<K>): void {
    this.#touched[this.#count++] = tracking;
  }

  /** Ends the batch: gives what it touched, in the order of the first touch. */
  end(stateHash: HashSum): Entities[K][] {
    const entities = new Array<Entities[K]>(this.#count);
    for (let i = 0; i < this.#count; i++) {
      const tracking = this.#touched[i]!;
      const { entity } = tracking;
      entities[i] = entity;
      tracking.touched = false;
      stateHash.subtract(tracking);
      if (!this.#live(entity)) continue;
      this.#hasher.hash(entity, tracking);
      stateHash.add(tracking);
    }
    this.#count = 0;
    return entities;
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

/** The entities that are objects; accounts, balances and orders are rows and see to themselves. */
export class Changes {
  readonly exchange = new ChangesOfKind('exchange');
  readonly asset = new ChangesOfKind('asset');
  readonly market = new ChangesOfKind('market');
  readonly idempotencyKey = new ChangesOfKind('idempotencyKey');
}
