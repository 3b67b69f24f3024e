/**
 * A client that remembers: every command of one account, and what it was answered.
 *
 * Guarantees: one request at a time, which ends within `REQUEST_TIMEOUT_MS`; after a connection that fails the next one
 * goes to the other api. An order has a name of its own and a transfer a key of its own, so that what became of it can
 * be asked.
 */
import { Agent } from 'node:http';
import type { Answer, Input, OperationName } from '../../api/http/operations.js';
import { isOpen } from '../../shared/domain/orders.js';
import { Client, RefusedError } from '../client/client.js';
import {
  Memory,
  outcomeOf,
  type RememberedOrder,
  type RememberedTransfer,
  type TransferRequest,
} from './memory.js';
import type { Tally } from './tally.js';

/** Longer than an api waits for the engine. */
const REQUEST_TIMEOUT_MS = 4000;
/** From an api's answer on: whatever it has queued is past its deadline then. */
const DEADLINE_MS = 2000;

export class Trader {
  readonly memory = new Memory();
  /** Open when last seen. */
  readonly resting = new Set<RememberedOrder>();
  readonly #unknownOrders = new Set<RememberedOrder>();
  readonly #unknownTransfers = new Set<RememberedTransfer>();
  readonly #clients: readonly Client[];
  readonly #tally: Tally;
  /** The client in use. */
  #current: number;
  #names = 0;

  private constructor(
    readonly name: string,
    readonly account: number,
    clients: readonly Client[],
    tally: Tally,
  ) {
    this.#clients = clients;
    this.#tally = tally;
    this.#current = account % clients.length;
  }

  /** A new user. @param addresses of the apis to use */
  static async register(name: string, addresses: readonly string[], tally: Tally): Promise<Trader> {
    const clients = addresses.map(address => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: REQUEST_TIMEOUT_MS });
      return new Client(address, undefined, agent);
    });
    const credentials = { email: `${name}@chaos.test`, password: 'a-long-password' };
    const { userId, token } = await clients[0]!.call('register', credentials);
    const signedIn = clients.map(client => client.signedIn(token));
    return new Trader(name, Number(userId), signedIn, tally);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  async place(form: Input<'placeOrder'>): Promise<RememberedOrder> {
    const order = this.memory.order({ ...form, clientOrderId: this.#newName() });
    try {
      this.memory.saw(order, await this.#command('placeOrder', order.request));
    } catch (error) {
      order.outcome = this.#failed(error, order.request);
      if (error instanceof RefusedError) order.finalAt = performance.now() + DEADLINE_MS;
    }
    this.#file(order);
    return order;
  }

  async cancel(order: RememberedOrder): Promise<void> {
    try {
      const answer = await this.#command('cancelOrder', nameOf(order));
      if (answer.status !== 'CANCELED') this.memory.contradict('canceled, but', order.request, answer);
      this.memory.saw(order, answer);
      order.cancels.add('ACKNOWLEDGED');
    } catch (error) {
      order.cancels.add(this.#failed(error, order.request));
      if (isUnknownOrder(error)) order.isOver = true;
    }
    this.#file(order);
  }

  /** What has become of an order. */
  async ask(order: RememberedOrder): Promise<void> {
    const isFinal = performance.now() >= order.finalAt;
    try {
      this.memory.saw(order, await this.call('getOrder', nameOf(order)));
    } catch (error) {
      if (!isUnknownOrder(error)) return;
      if (order.outcome === 'ACKNOWLEDGED')
        this.memory.contradict('acknowledged, but', order.request, 'UNKNOWN_ORDER');
      else if (isFinal) order.outcome = 'REFUSED';
    } finally {
      this.#file(order);
    }
  }

  async transfer(form: Omit<TransferRequest, 'id'>): Promise<void> {
    const transfer = this.memory.transfer({ ...form, id: this.#newName() });
    transfer.outcome = await this.#send(transfer);
    if (transfer.outcome === 'UNKNOWN') this.#unknownTransfers.add(transfer);
  }

  /** Asks for what became of what is unknown. @param isQuiet whatever was sent is over */
  async askUnknown(isQuiet = false): Promise<void> {
    const now = performance.now();
    for (const order of this.#unknownOrders) {
      if (isQuiet) order.finalAt = 0;
      if (isQuiet || order.finalAt < now || order.finalAt === Number.POSITIVE_INFINITY) await this.ask(order);
    }
    // The same again. A refusal says nothing of what was sent before, as long as that may be on its way.
    for (const transfer of this.#unknownTransfers) {
      const outcome = await this.#send(transfer);
      if (outcome !== 'ACKNOWLEDGED' && !(isQuiet && outcome === 'REFUSED')) continue;
      transfer.outcome = outcome;
      this.#unknownTransfers.delete(transfer);
    }
  }

  get hasUnknown(): boolean {
    return this.#unknownOrders.size + this.#unknownTransfers.size > 0;
  }

  /** The answer to a question. */
  async call<N extends OperationName>(name: N, input: Input<N>): Promise<Answer<N>> {
    this.#tally.requests++;
    try {
      return await this.#clients[this.#current]!.call(name, input);
    } catch (error) {
      if (!(error instanceof RefusedError)) this.#current = (this.#current + 1) % this.#clients.length;
      else if (error.code === 'INTERNAL_ERROR') this.memory.contradict(error.message, { name }, input);
      throw error;
    }
  }

  async #send(transfer: RememberedTransfer): Promise<RememberedTransfer['outcome']> {
    const { kind, ...body } = transfer.request;
    try {
      const { ledgerId } = await this.#command(kind, body);
      transfer.ledgerId = ledgerId;
      return 'ACKNOWLEDGED';
    } catch (error) {
      return this.#failed(error, transfer.request);
    }
  }

  async #command<N extends OperationName>(name: N, input: Input<N>): Promise<Answer<N>> {
    const answer = await this.call(name, input);
    this.#tally.acknowledged++;
    return answer;
  }

  #failed(error: unknown, request: object): ReturnType<typeof outcomeOf> {
    const outcome = outcomeOf(error);
    if (outcome === 'REFUSED') this.#tally.refused++;
    else if (outcome === 'NOT_QUEUED') this.#tally.notQueued++;
    else this.#tally.unknown++;
    // All names are new and all requests well-formed, so of these there is no reason.
    if (error instanceof RefusedError && error.status < 500 && error.status !== 422 && !isUnknownOrder(error))
      this.memory.contradict('refused without a reason', request, error.message);
    return outcome;
  }

  /** Where it will be looked for. */
  #file(order: RememberedOrder): void {
    if (order.outcome === 'UNKNOWN') this.#unknownOrders.add(order);
    else this.#unknownOrders.delete(order);
    if (order.seen !== undefined && isOpen(order.seen.status) && !order.isOver) this.resting.add(order);
    else this.resting.delete(order);
  }

  #newName(): string {
    return `${this.name}-${++this.#names}`;
  }
}

function isUnknownOrder(error: unknown): boolean {
  return error instanceof RefusedError && error.code === 'UNKNOWN_ORDER';
}

/** By the client's own name, as long as there is no other. */
function nameOf({ request, seen }: RememberedOrder): Input<'getOrder'> {
  const { market, clientOrderId } = request;
  return seen === undefined ? { market, clientOrderId } : { orderId: seen.orderId };
}
