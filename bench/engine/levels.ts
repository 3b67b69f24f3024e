/**
 * What the number of price levels costs: an order placed where no level is and cancelled again, through the exchange,
 * in a book of one account's orders. Neither the gaps between prices nor the orders on a level should matter. The floor,
 * in turn with it, is an order on a level that is there, in a book of 100 levels a side that lie close together.
 */
import { Exchange } from '../../engine/core/exchange.js';
import type { Command, PlaceOrder } from '../../shared/domain/commands.js';
import { FIRST_USER } from '../../shared/domain/entities.js';
import type { Side } from '../../shared/domain/orders.js';
import { tell, tellDone } from '../measuring/progress.js';
import { type Report, withFloor } from '../measuring/rows.js';
import { table, whole } from '../measuring/text.js';
import { inFreshProcess } from './fresh-process.js';
import { TIMING } from './loaded-exchange.js';
import { drawing, foundation, marketNames } from './order-flow.js';

const LEVELS = [100, 10_000, 100_000];
const GAPS = [1, 1_000];
const CROWDS = [1, 10_000];
const MAX_PRICE = 1_000_000_000;
const MAX_OPEN_ORDERS = 1_000_000;
/** Prices in the middle of a side on which no order rests. */
const HOLES = 8;
/** Orders placed and cancelled between two looks at the clock; with their cancels they are a batch. */
const ROUND = 256;
const MEASUREMENTS = GAPS.length * LEVELS.length * 3 + CROWDS.length;

/** Nanoseconds for an order placed and cancelled. */
type Cost = ReturnType<typeof withFloor>;

export interface LevelCosts {
  levels: number;
  gap: number;
  atExistingLevel: Cost;
  atBestPrice: Cost;
  inTheMiddle: Cost;
}

export interface CrowdCosts {
  orders: number;
  cost: Cost;
}

export interface Levels {
  byLevels: LevelCosts[];
  byCrowd: CrowdCosts[];
}

export async function reportLevels(seconds: number): Promise<Report> {
  const { byLevels, byCrowd } = await inFreshProcess('levels', { seconds });
  const header = ['levels a side', 'ticks apart', 'no new level', 'new best', 'new in the middle'];
  const cells = (cost: LevelCosts) =>
    [
      cost.levels,
      cost.gap,
      ...[cost.atExistingLevel, cost.atBestPrice, cost.inTheMiddle].map(({ value }) => value),
    ].map(whole);
  return {
    lines: [
      ...table([header, ...byLevels.map(cells)]),
      ...table([['orders on the level', 'a random one replaced'], ...byCrowd.map(crowdCells)]),
      'ns for an order placed and one cancelled, with checks, balances, images and hash: the median batch',
    ],
    rows: [
      ...byLevels.flatMap(rowsOf),
      ...byCrowd.map(({ orders, cost }) => ({
        case: `levels, ${orders} orders on one`,
        unit: 'ns' as const,
        ...cost,
      })),
    ],
  };
}

function crowdCells({ orders, cost }: CrowdCosts): string[] {
  return [whole(orders), whole(cost.value)];
}

function rowsOf({ levels, gap, atExistingLevel, atBestPrice, inTheMiddle }: LevelCosts): Report['rows'] {
  const costs = {
    'no new level': atExistingLevel,
    'new best': atBestPrice,
    'new in the middle': inTheMiddle,
  };
  return Object.entries(costs).map(([what, cost]) => ({
    case: `levels, ${levels} a side, ${gap} ticks apart, ${what}`,
    unit: 'ns',
    ...cost,
  }));
}

export function measureLevels({ seconds }: { seconds: number }): Levels {
  const ms = (1_000 * seconds) / MEASUREMENTS;
  tell('levels: warming up');
  measureLadder({ levels: LEVELS[0]!, gap: GAPS[0]! }, ms);
  const byLevels = GAPS.flatMap(gap =>
    LEVELS.map(levels => {
      tell(`levels: ${whole(levels)} a side, gaps of ${whole(gap)}`);
      return measureLadder({ levels, gap }, ms);
    }),
  );
  const byCrowd = CROWDS.map(orders => measureCrowd(orders, ms));
  tellDone();
  return { byLevels, byCrowd };
}

interface Ladder {
  levels: number;
  /** Ticks. */
  gap: number;
}

function measureLadder({ levels, gap }: Ladder, ms: number): LevelCosts {
  const ladder = new LadderBook(levels, gap);
  const measure = (prices: readonly number[]) => costOf(ms, () => ladder.comeAndGo(prices));
  const costs = {
    levels,
    gap,
    atExistingLevel: measure(ladder.besideHoles),
    atBestPrice: measure([ladder.centre]),
    inTheMiddle: measure(ladder.holes),
  };
  ladder.audit();
  return costs;
}

function measureCrowd(orders: number, ms: number): CrowdCosts {
  tell(`levels: ${whole(orders)} orders on one`);
  const ladder = new LadderBook(LEVELS[0]!, GAPS[0]!);
  const crowd = Array.from({ length: orders }, () => ladder.place('BUY', ladder.centre));
  ladder.endBatch();
  return { orders, cost: costOf(ms, () => ladder.replaceSome(crowd)) };
}

/** Of one of the ROUND things that a round does. */
function costOf(ms: number, run: () => void): Cost {
  const small = new LadderBook(LEVELS[0]!, GAPS[0]!);
  const turns = { measured: [] as number[], floor: [] as number[] };
  const ends = performance.now() + ms;
  while (performance.now() < ends || turns.floor.length === 0) {
    turns.measured.push(nanosecondsOf(run));
    turns.floor.push(nanosecondsOf(() => small.comeAndGo(small.besideHoles)));
  }
  return withFloor(turns);
}

function nanosecondsOf(round: () => void): number {
  const began = performance.now();
  round();
  return (1e6 * (performance.now() - began)) / ROUND;
}

/** One order on each level, equally far apart, with a few levels missing in the middle of a side. */
class LadderBook {
  /** A price between the sides. */
  readonly centre: number;
  readonly holes: number[];
  readonly besideHoles: number[];
  readonly #exchange = new Exchange(() => {});
  readonly #market = marketNames(1)[0]!;
  readonly #draw = drawing();

  constructor(levels: number, gap: number) {
    const rungs = levels + HOLES;
    this.centre = gap * (rungs + 1);
    const step = Math.max(2, Math.floor(levels / 100));
    const missing = Array.from({ length: HOLES }, (_, hole) => Math.floor(levels / 2) + hole * step);
    this.holes = missing.map(rung => this.centre - gap * rung);
    this.besideHoles = missing.map(rung => this.centre - gap * (rung + 1));
    const limits = { maxPrice: MAX_PRICE, maxOpenOrders: MAX_OPEN_ORDERS };
    for (const command of foundation({ markets: 1, accounts: 1 }, limits)) this.#execute(command);
    for (let rung = rungs; rung >= 1; rung--) {
      if (missing.includes(rung)) continue;
      this.place('BUY', this.centre - gap * rung);
      this.place('SELL', this.centre + gap * rung);
    }
    this.endBatch();
  }

  /** Places orders at these prices in turn, and cancels each before the next. */
  comeAndGo(prices: readonly number[]): void {
    for (let i = 0; i < ROUND; i++) this.#cancel(this.place('BUY', prices[i % prices.length]!));
    this.endBatch();
  }

  /** Cancels orders of a crowd on the level at the centre, after another has come for each. */
  replaceSome(crowd: number[]): void {
    for (let i = 0; i < ROUND; i++) {
      const leaving = this.#draw(crowd.length);
      const coming = this.place('BUY', this.centre);
      this.#cancel(crowd[leaving]!);
      crowd[leaving] = coming;
    }
    this.endBatch();
  }

  /** Gives the order's id. */
  place(side: Side, price: number): number {
    const body: PlaceOrder = {
      account: FIRST_USER,
      market: this.#market,
      clientOrderId: `order-${this.#exchange.sequence}`,
      side,
      type: 'LIMIT',
      timeInForce: 'GTC',
      selfTradePrevention: 'NONE',
      price,
      quantity: 1,
      quoteQuantity: null,
    };
    this.#execute({ kind: 'PLACE_ORDER', body });
    return this.#exchange.sequence;
  }

  #cancel(orderId: number): void {
    const body = { account: FIRST_USER, orderId, market: null, clientOrderId: null };
    this.#execute({ kind: 'CANCEL_ORDER', body });
  }

  #execute(command: Command): void {
    const answer = this.#exchange.execute(command, TIMING);
    if (answer.kind === 'REFUSED') throw new Error(`${command.kind} is refused: ${answer.reject.code}`);
  }

  endBatch(): void {
    this.#exchange.endBatch();
  }

  audit(): void {
    this.#exchange.audit();
  }
}
