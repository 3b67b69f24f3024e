/** Events and images as JSON values, made another way than the codec makes their bytes. */
import { type Entities, type EntityKind, KINDS } from '../shared/domain/entities.js';
import { EVENT_FIELDS, type Event } from '../shared/domain/events.js';
import { type Fields, type Json, toTuple } from '../shared/domain/fields.js';

export function encodeEvent({ kind, body }: Event): Json[] {
  return [kind, ...toTuple(EVENT_FIELDS[kind] as Fields<unknown>, body)];
}

export function encodeImage<K extends EntityKind>(kind: K, entity: Entities[K]): Json[] {
  return [kind, ...toTuple(KINDS[kind].fields as Fields<Entities[K]>, entity)];
}
