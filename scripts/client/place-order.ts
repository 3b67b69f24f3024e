/** An order that is placed once, whatever becomes of the answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Input } from '../../api/http/operations.js';
import { type Client, RefusedError } from './client.js';

export type OrderRequest = Input<'placeOrder'>;
export type OrderAnswer = Answer<'placeOrder'>;

/** Longer than a command's deadline: what the exchange says of the order then is final. */
const DEADLINE_MS = 2000;
const RETRY_MS = 250;

/**
 * The order as it was placed; throws a `RefusedError` where it never will be. Where no answer came, the order is asked
 * for by its `clientOrderId`, which is made up where the request has none, until the exchange answers.
 */
export async function placeOrder(client: Client, request: OrderRequest): Promise<OrderAnswer> {
  const order = { ...request, clientOrderId: request.clientOrderId ?? randomUUID() };
  try {
    return await client.call('placeOrder', order);
  } catch (error) {
    if (!isUnknown(error)) throw error;
    await sleep(DEADLINE_MS);
    return whatBecameOf(client, order, error);
  }
}

async function whatBecameOf(
  client: Client,
  { market, clientOrderId }: { market: string; clientOrderId: string },
  reason: unknown,
): Promise<OrderAnswer> {
  for (;;) {
    try {
      return await client.call('getOrder', { market, clientOrderId });
    } catch (error) {
      if (error instanceof RefusedError && error.code === 'UNKNOWN_ORDER') throw neverPlaced(reason);
      if (error instanceof RefusedError && error.status < 500 && error.status !== 429) throw error;
    }
    await sleep(RETRY_MS);
  }
}

/** Perhaps queued. */
function isUnknown(error: unknown): boolean {
  if (error instanceof RefusedError)
    return error.code === 'UNKNOWN_OUTCOME' || error.code === 'INTERNAL_ERROR';
  return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED';
}

function neverPlaced(cause: unknown): RefusedError {
  const refusal = new RefusedError(503, 'EXPIRED_IN_QUEUE', 'there was no answer, and no order was placed');
  refusal.cause = cause;
  return refusal;
}
