/**
 * Every refusal that a client can meet, over HTTP and over WebSocket, in one table: its code and its HTTP status.
 *
 * Guarantees: a code that API.md does not know does not compile.
 */

export const ERROR_STATUS = {
  BAD_JSON: 400,
  MISSING_FIELD: 400,
  BAD_FIELD: 400,
  UNKNOWN_FIELD: 400,
  BAD_INTERVAL: 400,
  BAD_CURSOR: 400,

  UNAUTHENTICATED: 401,
  BAD_CREDENTIALS: 401,
  TOKEN_EXPIRED: 401,
  FORBIDDEN: 403,

  UNKNOWN_ROUTE: 404,
  UNKNOWN_MARKET: 404,
  UNKNOWN_ASSET: 404,
  UNKNOWN_USER: 404,
  UNKNOWN_ORDER: 404,

  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  BAD_CONTENT_TYPE: 415,

  DUPLICATE_EMAIL: 409,
  DUPLICATE_CLIENT_ORDER_ID: 409,
  DUPLICATE_ID: 409,
  ALREADY_EXISTS: 409,

  INSUFFICIENT_BALANCE: 422,
  PRICE_OFF_TICK: 422,
  QUANTITY_OFF_LOT: 422,
  QUANTITY_OUT_OF_RANGE: 422,
  PRICE_OUT_OF_RANGE: 422,
  AMOUNT_OUT_OF_RANGE: 422,
  MIN_NOTIONAL: 422,
  WOULD_TAKE: 422,
  NO_LIQUIDITY: 422,
  MARKET_NOT_TRADING: 422,
  TOO_MANY_ORDERS: 422,
  LIMIT_EXCEEDED: 422,

  RATE_LIMITED: 429,

  /** A fault of ours; it is in the log. */
  INTERNAL_ERROR: 500,
  /** Not queued: safe to send again. */
  SERVER_BUSY: 503,
  /** Refused for its age: will never execute. */
  EXPIRED_IN_QUEUE: 503,
  /** Postgres does not answer. */
  HISTORY_UNAVAILABLE: 503,
  /** Queued perhaps; no answer in time. */
  UNKNOWN_OUTCOME: 504,

  UNKNOWN_METHOD: 400,
  UNKNOWN_STREAM: 404,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export type RefusalCounts = Record<ErrorCode, number>;

export function noRefusals(): RefusalCounts {
  return { ...NO_REFUSALS };
}

const NO_REFUSALS = Object.fromEntries(Object.keys(ERROR_STATUS).map(code => [code, 0])) as RefusalCounts;

/** Of the codes those that no HTTP request meets. */
export const WEBSOCKET_CODES = ['UNKNOWN_METHOD', 'UNKNOWN_STREAM'] as const satisfies ErrorCode[];

/** The body of an error, as every client sees it. */
export interface ErrorBody {
  error: { code: ErrorCode; message: string; field?: string };
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  /** The field of the request that is at fault. */
  readonly field: string | undefined;
  /** Further headers of the answer, such as `Retry-After`. */
  headers?: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, field?: string) {
    super(message);
    this.code = code;
    this.field = field;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  body(): ErrorBody {
    const { code, message, field } = this;
    return { error: field === undefined ? { code, message } : { code, message, field } };
  }
}
