/**
 * The bytes of the exchange: list entries (requests), journal batches, replies and market messages, all JSON text.
 * Whatever comes from the list is checked here; nothing past this file meets a malformed request.
 */

import type { Level } from './answers.js';
import { type Answer, decodeAnswer } from './answers.js';
import {
  COMMAND_FIELDS,
  type Command,
  type CommandKind,
  isConsistent,
  QUERY_FIELDS,
  type Query,
  type QueryKind,
} from './commands.js';
import { ENTITY_KINDS, type Entities, type EntityKind, KINDS } from './entities.js';
import { EVENT_FIELDS, type Event, type EventKind } from './events.js';
import {
  type Fields,
  fromTuple,
  integer,
  type Json,
  type Tuple,
  text,
  toTuple,
  tupleEncoder,
} from './fields.js';

/** The version of every list entry; another meaning is another version (D12). */
export const REQUEST_VERSION = 1;
/** The engine's logic: a journal is replayed by the logic that wrote it (D12). */
export const LOGIC = 4;

const REQUEST_FIELDS = { ...COMMAND_FIELDS, ...QUERY_FIELDS };

/** A command or query with the address of its answer and the time after which it must not be executed. */
export interface Request {
  /** Counts up in each API instance. */
  requestId: number;
  replyTo: string;
  /** Milliseconds since the epoch. */
  deadline: number;
  request: Command | Query;
}

export function isCommand(request: Command | Query): request is Command {
  return request.kind in COMMAND_FIELDS;
}

export function encodeRequest({ requestId, replyTo, deadline, request }: Request): string {
  return JSON.stringify([
    REQUEST_VERSION,
    request.kind,
    requestId,
    replyTo,
    deadline,
    toTuple(requestFields(request.kind), request.body),
  ]);
}

/** The request of a list entry, or what is wrong with the entry. */
export function decodeRequest(entry: string): Request | { malformed: string } {
  // An entry is a line of the journal.
  if (entry.includes('\n')) return { malformed: 'more than one line' };
  let json: unknown;
  try {
    json = JSON.parse(entry);
  } catch {
    return { malformed: 'no JSON' };
  }
  if (!Array.isArray(json) || json.length !== 6) return { malformed: 'no array of six' };
  const [version, kind, requestId, replyTo, deadline, body] = json as unknown[];
  if (version !== REQUEST_VERSION) return { malformed: 'another version' };
  if (typeof kind !== 'string' || !isRequestKind(kind)) return { malformed: 'unknown kind' };
  if (
    integer.parse(requestId) === undefined ||
    integer.parse(deadline) === undefined ||
    text.parse(replyTo) === undefined
  ) {
    return { malformed: 'requestId, replyTo or deadline' };
  }
  const fields = fromTuple(requestFields(kind), body);
  if (fields === undefined) return { malformed: `fields of ${kind}` };
  const request = { kind, body: fields } as Command | Query;
  if (!isConsistent(request)) return { malformed: `fields of ${kind} do not go together` };
  return {
    requestId: requestId as number,
    replyTo: replyTo as string,
    deadline: deadline as number,
    request,
  };
}

function isRequestKind(kind: string): kind is CommandKind | QueryKind {
  return Object.hasOwn(REQUEST_FIELDS, kind);
}

function requestFields(kind: CommandKind | QueryKind): Fields<unknown> {
  return REQUEST_FIELDS[kind] as Fields<unknown>;
}

/** The after-image of an entity: its kind and all its fields. */
export type Image = { [K in EntityKind]: { readonly kind: K; readonly entity: Entities[K] } }[EntityKind];

/** The entities that a batch changed, each as it is after it. */
export type Images = { readonly [K in EntityKind]: readonly Entities[K][] };

export interface JournaledCommand {
  /** When it was taken: milliseconds since the epoch. */
  time: number;
  /** Its deadline by the same clock as `time`, which need not be the clock of whoever sent it. */
  deadline: number;
  /** The list entry as it was taken. */
  entry: string;
}

type Encoder = (record: unknown) => Json[];

function taggedEncoders<K extends string>(tables: Record<K, unknown>): Record<K, Encoder> {
  const encoders = Object.entries(tables).map(([tag, fields]) => [
    tag,
    tupleEncoder(fields as Fields<unknown>, tag),
  ]);
  return Object.fromEntries(encoders) as Record<K, Encoder>;
}

const EVENT_ENCODERS = taggedEncoders(EVENT_FIELDS);
const IMAGE_ENCODERS = taggedEncoders(
  Object.fromEntries(ENTITY_KINDS.map(kind => [kind, KINDS[kind].fields])) as Record<EntityKind, unknown>,
);

export function encodeEvent(event: Event): Json[] {
  return EVENT_ENCODERS[event.kind](event.body);
}

export function encodeImage<K extends EntityKind>(kind: K, entity: Entities[K]): Json[] {
  return IMAGE_ENCODERS[kind](entity);
}

/** The after-images of a batch, as the journal has them: the kinds in table order. */
export function encodeImages(images: Images): string {
  return JSON.stringify(ENTITY_KINDS.flatMap(kind => images[kind].map(entity => encodeImage(kind, entity))));
}

/** One committed batch, its parts as text: what replay compares byte for byte and what the writer decodes. */
export interface BatchText {
  /** `LOGIC` of the engine that wrote it. */
  logic: number;
  /** `<epoch>:<batch>`, the head that this batch set. */
  head: string;
  /** Sequences of its first and last command. */
  first: number;
  last: number;
  /** How many bytes of batches the journal has taken so far, this one included: tells how large a part of it is. */
  end: number;
  /** A line for each command: its time, deadline and list entry. */
  commands: string;
  /** The events of each command. */
  events: string;
  /** Each changed entity once, as it is after the batch. */
  images: string;
  /** Hash of the whole state after the batch, 16 hexadecimal digits. */
  stateHash: string;
}

/** In bytes, which are ASCII: what counts of it. */
export function sizeOf({ commands, events, images }: BatchText): number {
  return commands.length + events.length + images.length;
}

/** The name-value list of the stream entry. */
export function toStreamFields(batch: BatchText): string[] {
  return Object.entries(batch).flatMap(([name, value]) => [name, String(value)]);
}

/** Throws where the stream entry is not one that `toStreamFields` made. */
export function fromStreamFields(fields: readonly string[]): BatchText {
  const entry = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) entry.set(fields[i]!, fields[i + 1]!);
  const field = (name: keyof BatchText): string => {
    const value = entry.get(name);
    if (value === undefined) throw new Error(`journal entry without ${name}`);
    return value;
  };
  return {
    logic: Number(field('logic')),
    head: field('head'),
    first: Number(field('first')),
    last: Number(field('last')),
    end: Number(field('end')),
    commands: field('commands'),
    events: field('events'),
    images: field('images'),
    stateHash: field('stateHash'),
  };
}

/** A line `<time> <deadline> <entry>` for each command; an entry stands in the journal as it stood in the list. */
export function encodeCommands(commands: readonly JournaledCommand[]): string {
  return commands.map(({ time, deadline, entry }) => `${time} ${deadline} ${entry}`).join('\n');
}

export function decodeCommands(text: string): JournaledCommand[] {
  return text.split('\n').map(line => {
    const afterTime = line.indexOf(' ');
    const afterDeadline = line.indexOf(' ', afterTime + 1);
    return {
      time: Number(line.slice(0, afterTime)),
      deadline: Number(line.slice(afterTime + 1, afterDeadline)),
      entry: line.slice(afterDeadline + 1),
    };
  });
}

export function decodeEvents(json: string): Event[][] {
  return (JSON.parse(json) as Json[][][]).map(events => events.map(decodeEvent));
}

function decodeEvent([kind, ...tuple]: Json[]): Event {
  const body = fromTuple(EVENT_FIELDS[kind as EventKind] as Fields<unknown>, tuple);
  if (body === undefined) throw new Error(`malformed event ${JSON.stringify([kind, ...tuple])}`);
  return { kind, body } as Event;
}

export function decodeImages(json: string): Image[] {
  return (JSON.parse(json) as Json[][]).map(([kind, ...tuple]) => {
    const entity = fromTuple(KINDS[kind as EntityKind].fields as Fields<unknown>, tuple);
    if (entity === undefined) throw new Error(`malformed image ${JSON.stringify([kind, ...tuple])}`);
    return { kind, entity } as Image;
  });
}

/** The id of a request and its encoded answer. */
export type Reply = readonly [requestId: number, answer: Json];

/** The answers of one batch to one API instance. */
export function encodeReplies(replies: readonly Reply[]): string {
  return JSON.stringify(replies);
}

export function decodeReplies(message: string): [number, Answer][] {
  return (JSON.parse(message) as [number, Tuple][]).map(([requestId, answer]) => [
    requestId,
    decodeAnswer(answer),
  ]);
}

export interface PublicTrade {
  tradeId: number;
  price: number;
  quantity: number;
  time: number;
  buyerIsMaker: boolean;
}

/** What one batch did to one market: its trades, and the quantities of the levels that changed (0: gone). */
export interface MarketMessage {
  market: string;
  /** Time of the batch's last command in this market. */
  time: number;
  firstUpdateId: number;
  lastUpdateId: number;
  bids: readonly Level[];
  asks: readonly Level[];
  trades: readonly PublicTrade[];
}

export function encodeMarketMessage(message: MarketMessage): string {
  return JSON.stringify(message);
}

export function decodeMarketMessage(message: string): MarketMessage {
  return JSON.parse(message) as MarketMessage;
}
