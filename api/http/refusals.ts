/** What the engine refuses, in the client's words: a code, the field at fault and a sentence with the figures. */
import type { Answer } from '../../shared/domain/answers.js';
import type { Reject, RejectCode } from '../../shared/domain/rejects.js';
import { fromUnits } from '../../shared/domain/units.js';
import type { Catalog } from '../catalog.js';
import { ApiError } from '../errors.js';

/** Whose fault a refusal may be: how the request is called in a sentence, and what it calls its amount. */
export interface Subject {
  /** Such as `BTC_USDT buy` or `withdrawal`. */
  readonly name: string;
  readonly amountField?: string;
}

const MESSAGES: { readonly [C in RejectCode]: readonly [message: string, field?: string] } = {
  ALREADY_EXISTS: ['it exists already'],
  AMOUNT_OUT_OF_RANGE: ['the amount is zero or larger than can be kept'],
  BAD_FIELD: ['the fields do not go together'],
  DUPLICATE_CLIENT_ORDER_ID: ['an open order of this market has that clientOrderId', 'clientOrderId'],
  DUPLICATE_ID: ['that id was used with another body', 'id'],
  EXPIRED_IN_QUEUE: ['refused for its age; it will never execute'],
  INSUFFICIENT_BALANCE: ['the balance is too small'],
  LIMIT_EXCEEDED: ['a limit of the exchange is reached'],
  MARKET_NOT_TRADING: ['the market takes no orders', 'market'],
  MIN_NOTIONAL: ['price times quantity is below the market’s minNotional', 'quantity'],
  NO_LIQUIDITY: ['there is nothing to trade with'],
  PRICE_OUT_OF_RANGE: ['the price is outside of the market’s minPrice and maxPrice', 'price'],
  QUANTITY_OUT_OF_RANGE: ['the quantity is outside of the market’s minQuantity and maxQuantity', 'quantity'],
  SERVER_BUSY: ['not taken at the moment; it was not queued, it is safe to send it again'],
  TOO_MANY_ORDERS: ['the account has as many open orders as the market allows'],
  UNKNOWN_ASSET: ['no such asset', 'asset'],
  UNKNOWN_MARKET: ['no such market', 'market'],
  UNKNOWN_ORDER: ['no such order'],
  WOULD_TAKE: ['the order would trade at once, which a LIMIT_MAKER may not', 'price'],
};

/** The answer, known to be of the kind; throws an `ApiError` where the engine refused. */
export function expectAnswer<K extends Answer['kind']>(
  answer: Answer,
  kind: K,
  subject: Subject,
  catalog: Catalog,
): Extract<Answer, { kind: K }> {
  if (answer.kind === 'REFUSED') throw refused(answer.reject, subject, catalog);
  if (answer.kind !== kind) throw new Error(`the engine answered ${answer.kind} instead of ${kind}`);
  return answer as Extract<Answer, { kind: K }>;
}

function refused({ code, asset, needed, available }: Reject, subject: Subject, catalog: Catalog): ApiError {
  const { name, amountField } = subject;
  const decimals = asset === null ? undefined : catalog.asset(asset)?.decimals;
  if (code === 'INSUFFICIENT_BALANCE' && decimals !== undefined && needed !== null && available !== null) {
    const figures = `${readable(needed, decimals)} ${asset}, ${readable(available, decimals)} available`;
    return new ApiError(code, `${name} needs ${figures}`, amountField);
  }
  const [message, field] = MESSAGES[code];
  const isOfAmount = code === 'AMOUNT_OUT_OF_RANGE' || code === 'INSUFFICIENT_BALANCE';
  return new ApiError(code, `${name}: ${message}`, isOfAmount ? amountField : field);
}

/** For a sentence: without the zeros past the second digit after the point. */
function readable(units: bigint, decimals: number): string {
  return fromUnits(units, decimals).replace(/(\.\d\d\d*?)0+$/, '$1');
}
