/** What the engine answers to a command or query, once it is durable. */
import { ByteReader, ByteWriter, ROOM, Word } from './bytes.js';
import {
  ASSET_FIELDS,
  ASSET_NAME,
  type Asset,
  BALANCE_FIELDS,
  type Balance,
  MARKET_FIELDS,
  MARKET_NAME,
  type Market,
  ORDER_FIELDS,
  type Order,
} from './entities.js';
import { TRADE_FIELDS, type Trade } from './events.js';
import { amount, type Fields, integer, matching } from './fields.js';
import {
  BRACKETS,
  listCodec,
  type PartCodecs,
  partsCodec,
  type RecordCodec,
  recordCodec,
  valueCodec,
} from './records.js';
import { REJECT_FIELDS, type Reject } from './rejects.js';

export interface Transferred {
  ledgerId: number;
  asset: string;
  amount: bigint;
  available: bigint;
  locked: bigint;
}

/** `[price in ticks, quantity in lots]`. */
export type Level = readonly [number, number];

/** A whole book, best first, and the last trade that it has seen. */
export interface BookSnapshot {
  market: string;
  lastUpdateId: number;
  lastTradeId: number;
  bids: readonly Level[];
  asks: readonly Level[];
}

export type Answer =
  | { kind: 'REFUSED'; reject: Reject }
  /** The order after the command, with the trades that the command made. */
  | { kind: 'ORDER'; order: Order; trades: readonly Trade[]; sequence: number }
  /** As of `sequence`: the engine does not hold that order. It ended, or never was. */
  | { kind: 'NOT_HELD'; sequence: number }
  | { kind: 'ORDERS'; orders: readonly Order[]; sequence: number }
  | { kind: 'CANCELED'; orderIds: readonly number[] }
  | { kind: 'TRANSFERRED'; transfer: Transferred }
  | { kind: 'BALANCES'; balances: readonly Balance[] }
  | { kind: 'BOOK'; book: BookSnapshot }
  | { kind: 'CATALOG'; assets: readonly Asset[]; markets: readonly Market[] };

const TRANSFERRED_FIELDS: Fields<Transferred> = {
  ledgerId: integer,
  asset: matching(ASSET_NAME),
  amount,
  available: amount,
  locked: amount,
};

/** A price and a quantity, without names. */
const LEVEL: RecordCodec<Level> = {
  write([price, quantity], writer) {
    writer.reserve(2 * ROOM.integer + 2);
    writer.open();
    writer.integer(price);
    writer.comma();
    writer.integer(quantity);
    writer.close();
  },
  read(reader) {
    reader.open();
    const price = reader.integer();
    reader.comma();
    const quantity = reader.integer();
    reader.close();
    return [price, quantity];
  },
};

const LEVELS = listCodec(LEVEL);
const NUMBER = valueCodec(integer);
const ORDER = recordCodec(ORDER_FIELDS);

type Kind = Answer['kind'];
type Parts<K extends Kind> = PartCodecs<Omit<Extract<Answer, { kind: K }>, 'kind'>>;

/** What stands behind the kind of an answer. */
const PARTS: { readonly [K in Kind]: Parts<K> } = {
  REFUSED: { reject: recordCodec(REJECT_FIELDS) },
  ORDER: { sequence: NUMBER, order: ORDER, trades: listCodec(recordCodec(TRADE_FIELDS)) },
  NOT_HELD: { sequence: NUMBER },
  ORDERS: { sequence: NUMBER, orders: listCodec(ORDER) },
  CANCELED: { orderIds: listCodec(NUMBER) },
  TRANSFERRED: { transfer: recordCodec(TRANSFERRED_FIELDS) },
  BALANCES: { balances: listCodec(recordCodec(BALANCE_FIELDS)) },
  BOOK: {
    book: partsCodec<BookSnapshot>({
      market: valueCodec(matching(MARKET_NAME)),
      lastUpdateId: NUMBER,
      lastTradeId: NUMBER,
      bids: LEVELS,
      asks: LEVELS,
    }),
  },
  CATALOG: {
    assets: listCodec(recordCodec(ASSET_FIELDS)),
    markets: listCodec(recordCodec(MARKET_FIELDS)),
  },
};

const CODECS = new Map(
  Object.entries(PARTS).map(([kind, parts]) => [
    kind,
    { word: new Word(kind), codec: partsCodec(parts as unknown as PartCodecs<Answer>, { kind }) },
  ]),
);
const KINDS = Array.from(CODECS.values(), ({ word }) => word);

/** Longer than any kind, with what divides it from the rest. */
const KIND_ROOM = 32;
/** What a reader gives that has failed. */
const NO_ANSWER: Answer = { kind: 'NOT_HELD', sequence: 0 };

/** An answer as it is sent: its kind and its parts. */
export const ANSWER: RecordCodec<Answer> = {
  write(answer, writer) {
    const { word, codec } = CODECS.get(answer.kind)!;
    writer.reserve(KIND_ROOM);
    writer.open();
    writer.word(word);
    writer.comma();
    codec.write(answer, writer);
    writer.reserve(BRACKETS);
    writer.close();
  },
  read(reader) {
    reader.open();
    const kind = reader.oneOf(KINDS);
    reader.comma();
    const answer = CODECS.get(kind)?.codec.read(reader) ?? NO_ANSWER;
    reader.close();
    return answer;
  },
};

const writer = new ByteWriter();
const reader = new ByteReader();

export function encodeAnswer(answer: Answer): string {
  ANSWER.write(answer, writer);
  return writer.takeText();
}

/** Throws where it is none. */
export function decodeAnswer(text: string): Answer {
  const answer = ANSWER.read(reader.read(text));
  if (!reader.isWhole) throw new Error(`malformed answer ${text.slice(0, 200)}`);
  return answer;
}
