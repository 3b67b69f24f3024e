/** A refusal is a value: the code that the API answers, and the figures its message needs. */
import { ASSET_NAME } from './entities.js';
import { amount, type Fields, matching, nullable, oneOf } from './fields.js';
import { MAX_AMOUNT } from './units.js';

/** What the engine refuses: API.md's 404, 409 and 422, and two of its 503. */
export const REJECT_CODES = [
  'ALREADY_EXISTS',
  'AMOUNT_OUT_OF_RANGE',
  'BAD_FIELD',
  'DUPLICATE_CLIENT_ORDER_ID',
  'DUPLICATE_ID',
  'EXPIRED_IN_QUEUE',
  'INSUFFICIENT_BALANCE',
  'LIMIT_EXCEEDED',
  'MARKET_NOT_TRADING',
  'MIN_NOTIONAL',
  'NO_LIQUIDITY',
  'PRICE_OUT_OF_RANGE',
  'QUANTITY_OUT_OF_RANGE',
  'SERVER_BUSY',
  'TOO_MANY_ORDERS',
  'UNKNOWN_ASSET',
  'UNKNOWN_MARKET',
  'UNKNOWN_ORDER',
  'WOULD_TAKE',
] as const;

export type RejectCode = (typeof REJECT_CODES)[number];

export interface Reject {
  code: RejectCode;
  /** For INSUFFICIENT_BALANCE: what was needed and available, in the asset's smallest units. */
  asset: string | null;
  needed: bigint | null;
  available: bigint | null;
}

export const REJECT_FIELDS: Fields<Reject> = {
  code: oneOf(REJECT_CODES),
  asset: nullable(matching(ASSET_NAME)),
  needed: nullable(amount),
  available: nullable(amount),
};

export function reject(code: RejectCode): Reject {
  return { code, asset: null, needed: null, available: null };
}

/** The figures are left out where what is needed is more than can be, and so no amount (D7). */
export function insufficient(asset: string, needed: bigint, available: bigint): Reject {
  if (needed > MAX_AMOUNT) return reject('INSUFFICIENT_BALANCE');
  return { code: 'INSUFFICIENT_BALANCE', asset, needed, available };
}
