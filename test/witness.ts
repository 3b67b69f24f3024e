/**
 * Sees what happens in sessions and counts it by name, so that a test can say what must have happened: a check of a
 * rule that no session reaches cannot fail.
 */
import type { PlaceOrder } from '../shared/domain/commands.js';
import type { Order } from '../shared/domain/entities.js';
import type { Event, Trade } from '../shared/domain/events.js';
import type { Told } from './side-by-side.js';

/** How often each thing happened, over all sessions. */
export type Counts = Map<string, number>;

/** The witness of one session. */
export class Witness {
  readonly #counts: Counts;
  /** Of transfers that were carried out, with their accounts. */
  readonly #keys = new Set<string>();

  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /** @param open orders after the command */
  see({ command }: Told, events: readonly Event[], open: readonly Order[]): void {
    for (const event of events) {
      const what = event.kind === 'REFUSED' ? event.body.code : event.kind;
      this.#count(what);
      this.#count(`${command.kind} ${what}`);
      this.#seeEvent(event);
    }
    const placed = events.find(({ kind }) => kind === 'ORDER_PLACED');
    if (command.kind !== 'PLACE_ORDER' || placed?.kind !== 'ORDER_PLACED') return;
    const { orderId } = placed.body;
    this.#count(`${formOf(command.body)} becomes ${fateOf(orderId, events, open)}`);
    this.#seeExpiredMakers(command.body, orderId, events);
    if (open.length >= 10) this.#count('an order comes to ten open orders');
  }

  #seeEvent({ kind, body }: Event): void {
    if (kind === 'TRADE') {
      if (body.takerAccount === body.makerAccount) this.#count('an account trades with itself');
      this.#count(`a trade ${feesOf(body)}`);
    }
    if (kind === 'MOVED' && body.key !== null) {
      const key = `${body.type === 'DEPOSIT' ? body.to : body.from} ${body.key}`;
      if (this.#keys.has(key)) this.#count('a key is used again after it expired');
      this.#keys.add(key);
    }
  }

  #seeExpiredMakers({ selfTradePrevention }: PlaceOrder, taker: number, events: readonly Event[]): void {
    for (const { kind, body } of events) {
      if (kind === 'ORDER_ENDED' && body.orderId !== taker) {
        this.#count(`a maker ends by ${selfTradePrevention}`);
      }
    }
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

function feesOf({ takerFee, makerFee }: Trade): string {
  if (takerFee > 0n && makerFee > 0n) return 'with both fees';
  if (takerFee > 0n) return "with the taker's fee only";
  return makerFee > 0n ? "with the maker's fee only" : 'without a fee';
}

/** `LIMIT GTC`, `MARKET IOC by quote`. */
function formOf({ type, timeInForce, quoteQuantity }: PlaceOrder): string {
  return `${type} ${timeInForce}${quoteQuantity === null ? '' : ' by quote'}`;
}

/** Its status at the end of the command that placed it. */
function fateOf(orderId: number, events: readonly Event[], open: readonly Order[]): string {
  for (const { kind, body } of events) {
    if (kind === 'ORDER_ENDED' && body.orderId === orderId) return body.status;
  }
  return open.find(order => order.orderId === orderId)?.status ?? 'FILLED';
}
