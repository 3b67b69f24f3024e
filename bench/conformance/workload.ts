/**
 * The public matching-engine benchmark's workload format: a header of 16 bytes, then a record of 40 for each message.
 *
 * Guarantees: a workload holds only messages that a book can take; all else is refused, naming the message. What a
 * cancel says besides the order's id is not looked at.
 */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Refusal } from '../../scripts/running/refusal.js';
import { SIDES, type Side } from '../../shared/domain/orders.js';

export const NEW = 0;
export const CANCEL = 1;
export const MODIFY = 2;

/** Of a file: ten times the public workloads. The reports of so many take 2 GB. */
export const MAX_MESSAGES = 20_000_000;
/** The table of orders by id is as long as the greatest id: 256 MB at most. */
export const MAX_ORDER_ID = 2 ** 26;
const MAX_QUANTITY = 2 ** 32 - 1;
const MAX_PRICE = Number.MAX_SAFE_INTEGER;

const MAGIC = 0x4d45_4257_5f30_3031n;
const VERSION = 1;
const HEADER_BYTES = 16;
const RECORD_BYTES = 40;

/** One element a message in each column. Side is an index into SIDES; prices are ticks. */
export interface Workload {
  readonly messages: number;
  readonly maxOrderId: number;
  readonly type: Uint8Array;
  readonly side: Uint8Array;
  readonly ioc: Uint8Array;
  readonly quantity: Uint32Array;
  readonly orderId: Uint32Array;
  readonly price: Float64Array;
}

export interface Message {
  type: number;
  side: Side;
  ioc: boolean;
  quantity: number;
  orderId: number;
  price: number;
}

/** Reads a `.bin` or `.bin.br` file; refuses what is none. */
export function readWorkload(file: string): Workload {
  return decodeWorkload(unpacked(file));
}

/** The file's bytes, decompressed where its name ends in `.br`. */
export function unpacked(file: string): Buffer {
  const stored = withReason('cannot be read', () => readFileSync(file));
  if (!file.endsWith('.br')) return stored;
  const maxOutputLength = HEADER_BYTES + MAX_MESSAGES * RECORD_BYTES;
  return withReason('cannot be decompressed', () => brotliDecompressSync(stored, { maxOutputLength }));
}

export function decodeWorkload(bytes: Buffer): Workload {
  const messages = announced(bytes);
  return columnsOf(messages, records(bytes, messages));
}

export function workloadOf(messages: readonly Message[]): Workload {
  return columnsOf(messages.length, messages);
}

function withReason<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Refusal(`it ${what}: ${(error as Error).message}.`);
  }
}

/** How many messages the header says, where they are all there. */
function announced(bytes: Buffer): number {
  if (
    bytes.length < HEADER_BYTES ||
    bytes.readBigUInt64LE(0) !== MAGIC ||
    bytes.readUInt32LE(8) !== VERSION
  ) {
    throw new Refusal(
      `it is no workload of the matching-engine benchmark, version ${VERSION}: give a file of its generator.`,
    );
  }
  const messages = bytes.readUInt32LE(12);
  if (messages > MAX_MESSAGES) {
    throw new Refusal(
      `it has ${messages} messages, of which ${MAX_MESSAGES} can be played: make a smaller one.`,
    );
  }
  const length = HEADER_BYTES + messages * RECORD_BYTES;
  if (bytes.length !== length) {
    throw new Refusal(
      `it is damaged, make it again: ${messages} messages take ${length} bytes, it has ${bytes.length}.`,
    );
  }
  return messages;
}

function* records(bytes: Buffer, messages: number): Generator<Message> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < messages; i++) {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    yield {
      type: view.getUint8(at),
      side: SIDES[view.getUint8(at + 1)]!,
      ioc: view.getUint8(at + 2) !== 0,
      quantity: view.getUint32(at + 4, true),
      orderId: Number(view.getBigUint64(at + 16, true)),
      price: Number(view.getBigInt64(at + 24, true)),
    };
  }
}

function columnsOf(count: number, messages: Iterable<Message>): Workload {
  const type = new Uint8Array(count);
  const side = new Uint8Array(count);
  const ioc = new Uint8Array(count);
  const quantity = new Uint32Array(count);
  const orderId = new Uint32Array(count);
  const price = new Float64Array(count);
  let maxOrderId = 0;
  let i = 0;
  for (const message of messages) {
    const fault = faultOf(message);
    if (fault !== null) throw new Refusal(`message ${i} ${fault}.`);
    type[i] = message.type;
    side[i] = SIDES.indexOf(message.side);
    ioc[i] = message.ioc ? 1 : 0;
    quantity[i] = message.quantity;
    orderId[i] = message.orderId;
    price[i] = message.price;
    maxOrderId = Math.max(maxOrderId, message.orderId);
    i++;
  }
  return { messages: count, maxOrderId, type, side, ioc, quantity, orderId, price };
}

function faultOf({ type, side, quantity, orderId, price }: Message): string | null {
  if (type !== NEW && type !== CANCEL && type !== MODIFY) {
    return `has the type ${type}, but ${NEW} is new, ${CANCEL} cancel, ${MODIFY} modify, and there are no others`;
  }
  if (orderId > MAX_ORDER_ID) return `has the order id ${orderId}, but ids go up to ${MAX_ORDER_ID}`;
  if (type === CANCEL) return null;
  if (!SIDES.includes(side)) return 'has a side that is neither 0, buy, nor 1, sell';
  if (quantity < 1 || quantity > MAX_QUANTITY) {
    return `has the quantity ${quantity}, but quantities are 1 to ${MAX_QUANTITY}`;
  }
  if (price < 1 || price > MAX_PRICE) return `has the price ${price}, but prices are 1 to ${MAX_PRICE}`;
  return null;
}
