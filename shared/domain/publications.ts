/**
 * What the feed tells of a batch: its answers, and what it did to each market, all JSON text; and its reports
 * (reports.ts).
 */
import { ANSWER, type Answer, type Level } from './answers.js';
import { type Ascii, ByteReader, ByteWriter } from './bytes.js';
import { BRACKETS, listCodec, type RecordCodec } from './records.js';

/** The names of what an entry of the feed holds, besides its answers. */
export const TOLD = {
  /** The id of the batch's entry in the journal; empty where it has none. */
  journal: 'journal',
  /** A line each; empty where there are none. */
  reports: 'reports',
  market: 'market',
  /** The encoded answer that tells which assets and markets were created or changed. */
  catalog: 'catalog',
} as const;

/** The name of the answers to one API instance. */
export function repliesTo(address: string): string {
  return `reply:${address}`;
}

/** The id of a request, its answer, and the sequence of its command: null of what was not sequenced. */
export type Reply = readonly [requestId: number, answer: Answer, sequence: number | null];

/** Around an answer, on each side. */
const REPLY_ROOM = 64;

const REPLY: RecordCodec<Reply> = {
  write([requestId, answer, sequence], writer) {
    writer.reserve(REPLY_ROOM);
    writer.open();
    writer.integer(requestId);
    writer.comma();
    ANSWER.write(answer, writer);
    writer.reserve(REPLY_ROOM);
    writer.comma();
    if (sequence === null) writer.null();
    else writer.integer(sequence);
    writer.close();
  },
  read(reader) {
    reader.open();
    const requestId = reader.integer();
    reader.comma();
    const answer = ANSWER.read(reader);
    reader.comma();
    const sequence = reader.null() ? null : reader.integer();
    reader.close();
    return [requestId, answer, sequence];
  },
};
const REPLIES = listCodec(REPLY);

/** The answers of one batch, written as they are given: a message for each API instance. */
export class RepliesWriter {
  /** As many as one batch has needed; the first ones are in use. */
  readonly #writers: ByteWriter[] = [];
  readonly #byInstance = new Map<string, ByteWriter>();

  add(instance: string, reply: Reply): void {
    const writer = this.#byInstance.get(instance) ?? this.#next(instance);
    writer.reserve(BRACKETS);
    if (writer.length === 0) writer.open();
    else writer.comma();
    REPLY.write(reply, writer);
  }

  #next(instance: string): ByteWriter {
    const place = this.#byInstance.size;
    const writer = this.#writers[place] ?? new ByteWriter();
    this.#writers[place] = writer;
    this.#byInstance.set(instance, writer);
    return writer;
  }

  /** Ends the batch. Gives the messages by API instance, for `decodeReplies`. */
  take(): Map<string, Buffer> {
    const messages = new Map<string, Buffer>();
    for (const [instance, writer] of this.#byInstance) {
      writer.reserve(BRACKETS);
      writer.close();
      messages.set(instance, writer.take());
    }
    this.#byInstance.clear();
    return messages;
  }
}

const reader = new ByteReader();

/** Throws where it is no such message. */
export function decodeReplies(message: Ascii): readonly Reply[] {
  const replies = REPLIES.read(reader.read(message));
  if (!reader.isWhole) throw new Error(`malformed replies ${message.toString().slice(0, 200)}`);
  return replies;
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

/** Throws where it is no such message: whoever folds it must not find out in the middle. */
export function decodeMarketMessage(text: string): MarketMessage {
  const message = JSON.parse(text) as MarketMessage;
  const { market, time, firstUpdateId, lastUpdateId, bids, asks, trades } = message;
  const isOurs =
    typeof market === 'string' &&
    areIntegers([time, firstUpdateId, lastUpdateId]) &&
    bids.every(areIntegers) &&
    asks.every(areIntegers) &&
    trades.every(({ tradeId, price, quantity, time }) => areIntegers([tradeId, price, quantity, time]));
  if (!isOurs) throw new Error('no message of a market');
  return message;
}

function areIntegers(numbers: readonly number[]): boolean {
  return numbers.every(Number.isSafeInteger);
}
