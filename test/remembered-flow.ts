/**
 * Clients that trade whatever happens and remember what they were told of each order.
 *
 * Half of the orders offer, the other half take at the same price, so that most are filled at once. None is sent again,
 * so each has one outcome.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Answer, Stack, TestUser } from './stack.js';

const MARKET = 'ADA_USDT';
const PAUSE_AFTER_FAILURE_MS = 20;

/** `ACCEPTED`, a code, or what became of the connection. */
type Outcome = string;

/** What says that the order was not queued or never executes. */
const REFUSED = ['SERVER_BUSY', 'EXPIRED_IN_QUEUE', 'ECONNREFUSED'];

let flows = 0;

export class RememberedFlow {
  readonly #stack: Stack;
  readonly #users: readonly TestUser[];
  readonly #outcomes = new Map<string, Outcome>();
  readonly #prefix = `flow-${++flows}`;
  readonly #lanes: Promise<void>[] = [];
  #stopping = false;

  private constructor(stack: Stack, users: readonly TestUser[]) {
    this.#stack = stack;
    this.#users = users;
  }

  static async start(stack: Stack, lanes: number): Promise<RememberedFlow> {
    const users = [await stack.trader({ ADA: '1000000' }), await stack.trader({ USDT: '1000000' })];
    const flow = new RememberedFlow(stack, users);
    for (let lane = 0; lane < lanes; lane++) flow.#lanes.push(flow.#trade(lane));
    return flow;
  }

  count(...outcomes: Outcome[]): number {
    return [...this.#outcomes.values()].filter(outcome => outcomes.includes(outcome)).length;
  }

  /** Returns when so many more orders have that outcome. */
  async until(more: number, ...outcomes: Outcome[]): Promise<void> {
    const goal = this.count(...outcomes) + more;
    await this.#stack.until(`${goal} orders ${outcomes}`, async () => this.count(...outcomes) >= goal);
  }

  /** Returns when every order has its outcome. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  /** What was accepted is there once, what was refused is not, and the rest is what the api says of it. */
  async check(t: Test): Promise<void> {
    const unknown = [...this.#outcomes].filter(([, outcome]) => !['ACCEPTED', ...REFUSED].includes(outcome));
    const found = new Map<string, string>();
    for (const [name] of unknown) {
      const { status, body } = await this.#ask(name);
      if (status === 200) found.set(name, body.status);
      else t.match({ status, body }, { status: 404, body: { error: { code: 'UNKNOWN_ORDER' } } }, name);
    }
    await this.#stack.settled();
    const stored = await this.#stored();
    t.equal(new Set(stored.map(([name]) => name)).size, stored.length, 'none is there twice');
    const storedStatus = new Map(stored);
    const wrong = [...this.#outcomes].filter(([name, outcome]) => {
      const status = storedStatus.get(name);
      if (outcome === 'ACCEPTED') return status === undefined;
      if (REFUSED.includes(outcome)) return status !== undefined;
      return status !== undefined && !found.has(name);
    });
    t.same(wrong, [], 'every order is what its client was told');
    for (const [name, status] of found)
      t.equal(storedStatus.get(name), status, `${name}, as it was asked for`);
    t.comment(`${this.summary()}; of unknown outcome ${unknown.length}, executed ${found.size}`);
  }

  summary(): string {
    const counts = new Map<Outcome, number>();
    for (const outcome of this.#outcomes.values()) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    return Array.from(counts, ([outcome, count]) => `${outcome} ${count}`).join(', ');
  }

  async #trade(lane: number): Promise<void> {
    for (let number = 0; !this.#stopping; number++) {
      const side = (lane + number) % 2;
      const clientOrderId = `${this.#prefix}-${side}-${lane}-${number}`;
      const outcome = await this.#place(side, clientOrderId);
      this.#outcomes.set(clientOrderId, outcome);
      if (outcome !== 'ACCEPTED') await sleep(PAUSE_AFTER_FAILURE_MS);
    }
  }

  async #place(side: number, clientOrderId: string): Promise<Outcome> {
    const order = { market: MARKET, type: 'LIMIT', price: '1', quantity: '1', clientOrderId };
    const body = side === 0 ? { ...order, side: 'SELL' } : { ...order, side: 'BUY', timeInForce: 'IOC' };
    try {
      const { token } = this.#users[side]!;
      const answer = await this.#stack.request('POST', '/api/v1/order', { token, body });
      return answer.status === 201 ? 'ACCEPTED' : answer.body.error.code;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  #ask(clientOrderId: string): Promise<Answer> {
    const { token } = this.#users[Number(clientOrderId.split('-')[2])]!;
    const query = `market=${MARKET}&clientOrderId=${clientOrderId}`;
    return this.#stack.request('GET', `/api/v1/order?${query}`, { token });
  }

  async #stored(): Promise<[string, string][]> {
    const { rows } = await this.#stack.pool.query<{ client_order_id: string; status: string }>(
      'SELECT client_order_id, status FROM orders WHERE client_order_id LIKE $1',
      [`${this.#prefix}-%`],
    );
    return rows.map(row => [row.client_order_id, row.status]);
  }
}
