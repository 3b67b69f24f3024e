/**
 * The bytes of what is asked and of what was done: list entries (requests) and journal batches, all JSON text.
 * Whatever comes from the list is checked here; nothing past this file meets a malformed request.
 */

import { type Ascii, ByteReader, ByteWriter, ROOM, Word } from './bytes.js';
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
import { EVENT_FIELDS, type Event } from './events.js';
import { type Fields, fromTuple, integer, text } from './fields.js';
import { BRACKETS, type RecordCodec, recordCodec, taggedCodec } from './records.js';

/** The version of every list entry; another meaning is another version (D12). */
export const REQUEST_VERSION = 1;
/** The engine's logic: a journal is replayed by the logic that wrote it (D12). */
export const LOGIC = 5;

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
  return COMMAND_KINDS.has(request.kind);
}

const REQUESTS = new Map(
  Object.entries(REQUEST_FIELDS).map(([kind, fields]) => [kind, recordCodec(fields as Fields<unknown>)]),
);
const REQUEST_KINDS = Array.from(REQUESTS.keys(), kind => new Word(kind));
const COMMAND_KINDS: ReadonlySet<string> = new Set(Object.keys(COMMAND_FIELDS));
/** The parts before the body. */
const REQUEST_ROOM = 256;
const SPACE = 0x20;
const LINE_FEED = 0x0a;

const writer = new ByteWriter();
const reader = new ByteReader();

export function encodeRequest({ requestId, replyTo, deadline, request }: Request): string {
  writer.begin(REQUEST_ROOM);
  writer.open();
  writer.integer(REQUEST_VERSION);
  writer.comma();
  writer.text(request.kind);
  writer.comma();
  writer.integer(requestId);
  writer.comma();
  writer.text(replyTo);
  writer.comma();
  writer.integer(deadline);
  writer.comma();
  REQUESTS.get(request.kind)!.write(request.body, writer);
  writer.close();
  return writer.takeText();
}

/** The request of a list entry, or what is wrong with the entry. */
export function decodeRequest(entry: string): Request | { malformed: string } {
  const request = readRequest(reader.read(entry));
  if (request !== undefined && reader.isWhole && isConsistent(request.request)) return request;
  return { malformed: whyMalformed(entry) };
}

/** `undefined`, or a reader that has failed, where it is malformed. */
function readRequest(reader: ByteReader): Request | undefined {
  reader.open();
  if (reader.integer() !== REQUEST_VERSION) return undefined;
  reader.comma();
  const kind = reader.oneOf(REQUEST_KINDS);
  const body = REQUESTS.get(kind);
  if (body === undefined) return undefined;
  reader.comma();
  const requestId = reader.integer();
  reader.comma();
  const replyTo = reader.text(text.parse);
  reader.comma();
  const deadline = reader.integer();
  reader.comma();
  const request = { kind, body: body.read(reader) } as Command | Query;
  reader.close();
  return { requestId, replyTo, deadline, request };
}

function whyMalformed(entry: string): string {
  let json: unknown;
  try {
    json = JSON.parse(entry);
  } catch {
    return 'no JSON';
  }
  if (!Array.isArray(json) || json.length !== 6) return 'no array of six';
  const [version, kind, requestId, replyTo, deadline, body] = json as unknown[];
  if (version !== REQUEST_VERSION) return 'another version';
  if (typeof kind !== 'string' || !isRequestKind(kind)) return 'unknown kind';
  if (
    integer.parse(requestId) === undefined ||
    integer.parse(deadline) === undefined ||
    text.parse(replyTo) === undefined
  ) {
    return 'requestId, replyTo or deadline';
  }
  const fields = fromTuple(requestFields(kind), body);
  if (fields === undefined) return `fields of ${kind}`;
  const request = { kind, body: fields } as Command | Query;
  return isConsistent(request) ? 'not as JSON.stringify spells it' : `fields of ${kind} do not go together`;
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

function taggedCodecs<K extends string>(
  tables: Readonly<Record<K, unknown>>,
): Map<string, RecordCodec<unknown>> {
  const codecs = Object.entries(tables).map(
    ([tag, fields]) => [tag, taggedCodec(tag, fields as Fields<unknown>)] as const,
  );
  return new Map(codecs);
}

const EVENTS = taggedCodecs(EVENT_FIELDS);
const IMAGES = new Map(
  ENTITY_KINDS.map(kind => [kind, taggedCodec(kind, KINDS[kind].fields as Fields<unknown>)]),
);

/** The events of each command of a batch, written as they happen. */
export class EventsWriter {
  readonly #writer = new ByteWriter();
  #isFirst = true;

  /** What is written from here on is of the next command. */
  next(): void {
    const writer = this.#writer;
    writer.reserve(BRACKETS);
    if (writer.length === 0) writer.open();
    else {
      writer.close();
      writer.comma();
    }
    writer.open();
    this.#isFirst = true;
  }

  add(event: Event): void {
    const writer = this.#writer;
    writer.reserve(BRACKETS);
    if (!this.#isFirst) writer.comma();
    this.#isFirst = false;
    EVENTS.get(event.kind)!.write(event.body, writer);
  }

  /** Ends the batch. */
  take(): Buffer {
    const writer = this.#writer;
    writer.reserve(BRACKETS);
    if (writer.length === 0) writer.open();
    else writer.close();
    writer.close();
    return writer.take();
  }
}

/** Two, since what one has given stays only as long as it gives nothing more. */
const commandsWriter = new ByteWriter();
const imagesWriter = new ByteWriter();

/** The after-images of a batch, as the journal has them: the kinds in table order. They stay while one more is encoded. */
export function encodeImages(images: Images): Buffer {
  imagesWriter.begin(BRACKETS);
  imagesWriter.open();
  for (const kind of ENTITY_KINDS) writeImages(kind, images[kind]);
  imagesWriter.reserve(BRACKETS);
  imagesWriter.close();
  return imagesWriter.take();
}

function writeImages(kind: EntityKind, entities: readonly unknown[]): void {
  const codec = IMAGES.get(kind)!;
  for (const entity of entities) {
    imagesWriter.reserve(BRACKETS);
    if (imagesWriter.length > 1) imagesWriter.comma();
    codec.write(entity, imagesWriter);
  }
}

/**
 * One committed batch, its parts as the bytes of a text: what replay compares byte for byte and what the writer decodes.
 * As strings they took 2 µs of each command's 28 from a full list, since all of a batch is large: V8 gave each its own
 * memory from the system, and the socket copied it once more.
 */
export interface JournalBatch {
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
  commands: Buffer;
  /** The events of each command. */
  events: Buffer;
  /** Each changed entity once, as it is after the batch. */
  images: Buffer;
  /** Hash of the whole state after the batch, 16 hexadecimal digits. */
  stateHash: string;
}

/** A batch that may be kept, of one that was just encoded. */
export function kept(batch: JournalBatch): JournalBatch {
  const { commands, events, images } = batch;
  return {
    ...batch,
    commands: Buffer.from(commands),
    events: Buffer.from(events),
    images: Buffer.from(images),
  };
}

/** In bytes: what counts of it. */
export function sizeOf({ commands, events, images }: JournalBatch): number {
  return commands.length + events.length + images.length;
}

/** The name-value list of the stream entry. */
export function toStreamFields(batch: JournalBatch): Ascii[] {
  return Object.entries(batch).flatMap(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value : String(value),
  ]);
}

/** Throws where the stream entry is not one that `toStreamFields` made. */
export function fromStreamFields(fields: readonly Ascii[]): JournalBatch {
  const entry = new Map<string, Ascii>();
  for (let i = 0; i + 1 < fields.length; i += 2) entry.set(String(fields[i]), fields[i + 1]!);
  const field = (name: keyof JournalBatch): Ascii => {
    const value = entry.get(name);
    if (value === undefined) throw new Error(`journal entry without ${name}`);
    return value;
  };
  return {
    logic: Number(field('logic')),
    head: String(field('head')),
    first: Number(field('first')),
    last: Number(field('last')),
    end: Number(field('end')),
    commands: bytesOf(field('commands')),
    events: bytesOf(field('events')),
    images: bytesOf(field('images')),
    stateHash: String(field('stateHash')),
  };
}

function bytesOf(text: Ascii): Buffer {
  return typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
}

/**
 * A line `<time> <deadline> <entry>` for each command; an entry stands in the journal as it stood in the list. They stay
 * while one more is encoded.
 */
export function encodeCommands(commands: readonly JournaledCommand[]): Buffer {
  const writer = commandsWriter;
  writer.begin(0);
  for (const { time, deadline, entry } of commands) {
    writer.reserve(2 * ROOM.integer + BRACKETS + entry.length);
    if (writer.length > 0) writer.byte(LINE_FEED);
    writer.integer(time);
    writer.byte(SPACE);
    writer.integer(deadline);
    writer.byte(SPACE);
    writer.ascii(entry);
  }
  return writer.take();
}

export function decodeCommands(commands: Buffer): JournaledCommand[] {
  const lines = commands.toString('latin1').split('\n');
  return lines.map(line => {
    const afterTime = line.indexOf(' ');
    const afterDeadline = line.indexOf(' ', afterTime + 1);
    return {
      time: Number(line.slice(0, afterTime)),
      deadline: Number(line.slice(afterTime + 1, afterDeadline)),
      entry: line.slice(afterDeadline + 1),
    };
  });
}

/** When each command of a batch was taken: milliseconds since the epoch. Throws where a line has none. */
export function decodeTimes(commands: Buffer): number[] {
  const text = commands.toString('latin1');
  const times: number[] = [];
  for (let from = 0; ; ) {
    const time = integer.parse(Number(text.slice(from, text.indexOf(' ', from))));
    if (time === undefined) throw new Error(`entry ${times.length + 1} of the batch has no time`);
    times.push(time);
    const end = text.indexOf('\n', from);
    if (end < 0) return times;
    from = end + 1;
  }
}

/** A command of the journal, to be executed again. */
export interface ReplayableCommand {
  time: number;
  deadline: number;
  command: Command;
}

/** Throws where an entry is no command. */
export function decodeReplayable(commands: Buffer): ReplayableCommand[] {
  const replayable: ReplayableCommand[] = [];
  reader.read(commands);
  do {
    const time = reader.integer();
    reader.byte(SPACE);
    const deadline = reader.integer();
    reader.byte(SPACE);
    const request = readRequest(reader)?.request;
    if (reader.failed || request === undefined || !isCommand(request) || !isConsistent(request))
      throw new Error(`entry ${replayable.length + 1} of the batch is no command`);
    replayable.push({ time, deadline, command: request });
  } while (reader.goesOn(LINE_FEED));
  return replayable;
}

export function decodeEvents(json: Ascii): Event[][] {
  reader.read(json).open();
  const batch: Event[][] = [];
  while (reader.more(batch.length)) {
    reader.open();
    const events: Event[] = [];
    while (reader.more(events.length)) {
      const [kind, body] = readTagged(EVENTS);
      events.push({ kind, body } as Event);
    }
    batch.push(events);
  }
  if (!reader.isWhole) throw new Error('malformed events in the journal');
  return batch;
}

export function decodeImages(json: Ascii): Image[] {
  reader.read(json).open();
  const images: Image[] = [];
  while (reader.more(images.length)) {
    const [kind, entity] = readTagged(IMAGES);
    images.push({ kind, entity } as Image);
  }
  if (!reader.isWhole) throw new Error('malformed images in the journal');
  return images;
}

function readTagged(codecs: ReadonlyMap<string, RecordCodec<unknown>>): [tag: string, record: unknown] {
  reader.open();
  const tag = reader.text(text.parse);
  const codec = codecs.get(tag);
  if (codec === undefined) reader.fail();
  return [tag, codec?.read(reader)];
}
