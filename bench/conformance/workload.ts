/** The public matching-engine benchmark's workload format: a header of 16 bytes, then a record of 40 for each message. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { SIDES, type Side } from '../../shared/domain/orders.js';

export const NEW = 0;
export const CANCEL = 1;
export const MODIFY = 2;

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

type Columns = Omit<Workload, 'maxOrderId'>;

function emptyColumns(messages: number): Columns {
  return {
    messages,
    type: new Uint8Array(messages),
    side: new Uint8Array(messages),
    ioc: new Uint8Array(messages),
    quantity: new Uint32Array(messages),
    orderId: new Uint32Array(messages),
    price: new Float64Array(messages),
  };
}

export function workloadOf(messages: readonly Message[]): Workload {
  const workload = emptyColumns(messages.length);
  for (const [i, message] of messages.entries()) {
    workload.type[i] = message.type;
    workload.side[i] = SIDES.indexOf(message.side);
    workload.ioc[i] = message.ioc ? 1 : 0;
    workload.quantity[i] = message.quantity;
    workload.orderId[i] = message.orderId;
    workload.price[i] = message.price;
  }
  return completed(workload);
}

/** Reads a `.bin` or `.bin.br` file. Throws where it is no such file. */
export function readWorkload(file: string): Workload {
  const stored = readFileSync(file);
  const bytes = file.endsWith('.br') ? brotliDecompressSync(stored) : stored;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    bytes.length < HEADER_BYTES ||
    view.getBigUint64(0, true) !== MAGIC ||
    view.getUint32(8, true) !== VERSION
  ) {
    throw new Error(`${file} is no workload of the matching-engine benchmark, version ${VERSION}`);
  }
  const messages = view.getUint32(12, true);
  if (bytes.length !== HEADER_BYTES + messages * RECORD_BYTES) {
    throw new Error(`${file} says ${messages} messages, but has ${bytes.length} bytes`);
  }
  const workload = emptyColumns(messages);
  for (let i = 0; i < messages; i++) readRecord(workload, i, view, HEADER_BYTES + i * RECORD_BYTES);
  return completed(workload);
}

function completed(columns: Columns): Workload {
  return { ...columns, maxOrderId: columns.orderId.reduce((most, id) => Math.max(most, id), 0) };
}

function readRecord(workload: Columns, i: number, view: DataView, at: number): void {
  workload.type[i] = view.getUint8(at);
  workload.side[i] = view.getUint8(at + 1);
  workload.ioc[i] = view.getUint8(at + 2);
  workload.quantity[i] = view.getUint32(at + 4, true);
  workload.orderId[i] = Number(view.getBigUint64(at + 16, true));
  workload.price[i] = Number(view.getBigInt64(at + 24, true));
}
