/**
 * What one client remembers of the exchange's answers, and what it can tell from them alone: an answer that contradicts
 * an earlier one.
 */
import type { Answer, Input } from '../../api/http/operations.js';
import { isOpen } from '../../shared/domain/orders.js';
import { RefusedError } from '../client/client.js';

/**
 * What became of a request, as far as its client knows. `REFUSED` is final, `NOT_QUEUED` was never asked of the engine,
 * `UNKNOWN` has perhaps happened.
 */
export type Outcome = 'ACKNOWLEDGED' | 'REFUSED' | 'NOT_QUEUED' | 'UNKNOWN';

export type OrderRequest = Input<'placeOrder'> & { readonly clientOrderId: string };

export interface Fill {
  readonly tradeId: string;
  readonly price: string;
  readonly quantity: string;
}

/** An order as the API answers it. */
export type OrderAnswer = Answer<'getOrder'>;

export interface RememberedOrder {
  readonly request: OrderRequest;
  outcome: Outcome;
  /** As the newest answer showed it. */
  seen: OrderAnswer | undefined;
  /** Of all attempts to cancel it. */
  readonly cancels: Set<Outcome>;
  /** It was refused to be canceled, because it is not open. */
  isOver: boolean;
  /** All that any answer told of. */
  readonly fills: Fill[];
  /** From when on the answer to a question about it is final (`performance.now()`), if its outcome is unknown. */
  finalAt: number;
}

export interface TransferRequest {
  readonly kind: 'deposit' | 'withdraw';
  readonly asset: string;
  readonly amount: string;
  /** The idempotency key. */
  readonly id: string;
}

export interface RememberedTransfer {
  readonly request: TransferRequest;
  outcome: Outcome;
  ledgerId: string | undefined;
}

/** What a failed request means. A connection that was refused has carried nothing. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof RefusedError))
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'NOT_QUEUED' : 'UNKNOWN';
  if (error.code === 'SERVER_BUSY') return 'NOT_QUEUED';
  return error.status < 500 || error.code === 'EXPIRED_IN_QUEUE' ? 'REFUSED' : 'UNKNOWN';
}

export class Memory {
  readonly orders = new Map<string, RememberedOrder>();
  readonly transfers = new Map<string, RememberedTransfer>();
  readonly contradictions: string[] = [];

  /** Before it is sent. */
  order(request: OrderRequest): RememberedOrder {
    const order: RememberedOrder = {
      request,
      outcome: 'UNKNOWN',
      seen: undefined,
      cancels: new Set(),
      isOver: false,
      fills: [],
      finalAt: Number.POSITIVE_INFINITY,
    };
    this.orders.set(request.clientOrderId, order);
    return order;
  }

  /** Before it is sent. */
  transfer(request: TransferRequest): RememberedTransfer {
    const transfer: RememberedTransfer = { request, outcome: 'UNKNOWN', ledgerId: undefined };
    this.transfers.set(request.id, transfer);
    return transfer;
  }

  /** An answer showed the order: it exists, and is at least as far as it was. */
  saw(order: RememberedOrder, answer: OrderAnswer): void {
    if (order.outcome === 'REFUSED' || order.outcome === 'NOT_QUEUED')
      this.contradict(`${order.outcome}, but there`, order.request, answer);
    if (order.seen !== undefined && !follows(order.seen, answer))
      this.contradict(`after ${JSON.stringify(order.seen)}`, order.request, answer);
    if (order.isOver && isOpen(answer.status)) this.contradict('not open, but', order.request, answer);
    for (const fill of answer.fills ?? []) this.#sawFill(order, fill);
    order.outcome = 'ACKNOWLEDGED';
    order.seen = { ...answer, fills: [] };
  }

  #sawFill(order: RememberedOrder, fill: Fill): void {
    const known = order.fills.find(({ tradeId }) => tradeId === fill.tradeId);
    if (known === undefined) order.fills.push(fill);
    else if (!isSameFill(known, fill))
      this.contradict(`first ${JSON.stringify(known)}, then`, order.request, fill);
  }

  contradict(what: string, request: object, answer: unknown): void {
    this.contradictions.push(`${JSON.stringify(request)}: ${what}: ${JSON.stringify(answer)}`);
  }
}

/** Whether the later answer can be of the same order: its fills only grow, and what has ended stays as it was. */
export function follows(earlier: OrderAnswer, later: OrderAnswer): boolean {
  const isSame = earlier.orderId === later.orderId && earlier.clientOrderId === later.clientOrderId;
  const grew = Number(later.filledQuantity) >= Number(earlier.filledQuantity);
  const changed = later.status !== earlier.status || later.filledQuantity !== earlier.filledQuantity;
  return isSame && grew && (isOpen(earlier.status) ? later.status !== 'NEW' || !changed : !changed);
}

export function isSameFill(one: Fill, other: Fill): boolean {
  return one.tradeId === other.tradeId && one.price === other.price && one.quantity === other.quantity;
}
