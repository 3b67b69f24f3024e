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
import { BRACKETS, listCodec, type RecordCodec, recordCodec } from './records.js';
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

const MARKET_TEXT = matching(MARKET_NAME);

/** Longer than any kind, with what divides it from the rest. */
const KIND_ROOM = 32;
/** What a reader gives that has failed. */
const NO_ANSWER: Answer = { kind: 'NOT_HELD', sequence: 0 };

const NUMBER: RecordCodec<number> = {
  write(value, writer) {
    writer.reserve(ROOM.integer);
    writer.integer(value);
  },
  read: reader => reader.integer(),
};

const ASSETS = listCodec(recordCodec(ASSET_FIELDS));
const BALANCES = listCodec(recordCodec(BALANCE_FIELDS));
const LEVELS = listCodec(LEVEL);
const MARKETS = listCodec(recordCodec(MARKET_FIELDS));
const NUMBERS = listCodec(NUMBER);
const ORDER = recordCodec(ORDER_FIELDS);
const ORDERS = listCodec(ORDER);
const REJECT = recordCodec(REJECT_FIELDS);
const TRADES = listCodec(recordCodec(TRADE_FIELDS));
const TRANSFER = recordCodec(TRANSFERRED_FIELDS);

type Kind = Answer['kind'];

/** What stands behind the kind of an answer and a comma. */
type AnswerCodecs = { readonly [K in Kind]: RecordCodec<Extract<Answer, { kind: K }>> };

const ANSWERS: AnswerCodecs = {
  REFUSED: {
    write: ({ reject }, writer) => REJECT.write(reject, writer),
    read: reader => ({ kind: 'REFUSED', reject: REJECT.read(reader) }),
  },
  ORDER: {
    write({ sequence, order, trades }, writer) {
      NUMBER.write(sequence, writer);
      comma(writer);
      ORDER.write(order, writer);
      comma(writer);
      TRADES.write(trades, writer);
    },
    read(reader) {
      const sequence = NUMBER.read(reader);
      reader.comma();
      const order = ORDER.read(reader);
      reader.comma();
      return { kind: 'ORDER', order, trades: TRADES.read(reader), sequence };
    },
  },
  NOT_HELD: {
    write: ({ sequence }, writer) => NUMBER.write(sequence, writer),
    read: reader => ({ kind: 'NOT_HELD', sequence: NUMBER.read(reader) }),
  },
  ORDERS: {
    write({ sequence, orders }, writer) {
      NUMBER.write(sequence, writer);
      comma(writer);
      ORDERS.write(orders, writer);
    },
    read(reader) {
      const sequence = NUMBER.read(reader);
      reader.comma();
      return { kind: 'ORDERS', orders: ORDERS.read(reader), sequence };
    },
  },
  CANCELED: {
    write: ({ orderIds }, writer) => NUMBERS.write(orderIds, writer),
    read: reader => ({ kind: 'CANCELED', orderIds: NUMBERS.read(reader) }),
  },
  TRANSFERRED: {
    write: ({ transfer }, writer) => TRANSFER.write(transfer, writer),
    read: reader => ({ kind: 'TRANSFERRED', transfer: TRANSFER.read(reader) }),
  },
  BALANCES: {
    write: ({ balances }, writer) => BALANCES.write(balances, writer),
    read: reader => ({ kind: 'BALANCES', balances: BALANCES.read(reader) }),
  },
  BOOK: {
    write({ book }, writer) {
      writer.reserve(ROOM.text);
      writer.text(book.market);
      comma(writer);
      NUMBER.write(book.lastUpdateId, writer);
      comma(writer);
      NUMBER.write(book.lastTradeId, writer);
      comma(writer);
      LEVELS.write(book.bids, writer);
      comma(writer);
      LEVELS.write(book.asks, writer);
    },
    read(reader) {
      const market = reader.text(MARKET_TEXT.parse);
      reader.comma();
      const lastUpdateId = NUMBER.read(reader);
      reader.comma();
      const lastTradeId = NUMBER.read(reader);
      reader.comma();
      const bids = LEVELS.read(reader);
      reader.comma();
      return { kind: 'BOOK', book: { market, lastUpdateId, lastTradeId, bids, asks: LEVELS.read(reader) } };
    },
  },
  CATALOG: {
    write({ assets, markets }, writer) {
      ASSETS.write(assets, writer);
      comma(writer);
      MARKETS.write(markets, writer);
    },
    read(reader) {
      const assets = ASSETS.read(reader);
      reader.comma();
      return { kind: 'CATALOG', assets, markets: MARKETS.read(reader) };
    },
  },
};

const KINDS = Object.keys(ANSWERS).map(kind => new Word(kind));
const KIND_OF = Object.fromEntries(KINDS.map(word => [word.text, word]));

/** An answer as it is sent: its kind and what it says. */
export const ANSWER: RecordCodec<Answer> = {
  write(answer, writer) {
    writer.reserve(KIND_ROOM);
    writer.open();
    writer.word(KIND_OF[answer.kind]!);
    writer.comma();
    codecOf(answer.kind).write(answer, writer);
    writer.reserve(BRACKETS);
    writer.close();
  },
  read(reader) {
    reader.open();
    const kind = reader.oneOf(KINDS);
    reader.comma();
    const answer = reader.failed ? NO_ANSWER : codecOf(kind as Kind).read(reader);
    reader.close();
    return answer;
  },
};

function codecOf(kind: Kind): RecordCodec<Answer> {
  return ANSWERS[kind] as RecordCodec<Answer>;
}

function comma(writer: ByteWriter): void {
  writer.reserve(BRACKETS);
  writer.comma();
}

const writer = new ByteWriter();
const reader = new ByteReader();

export function encodeAnswer(answer: Answer): string {
  ANSWER.write(answer, writer);
  return writer.take();
}

/** Throws where it is none. */
export function decodeAnswer(text: string): Answer {
  const answer = ANSWER.read(reader.read(text));
  if (!reader.isWhole) throw new Error(`malformed answer ${text.slice(0, 200)}`);
  return answer;
}
