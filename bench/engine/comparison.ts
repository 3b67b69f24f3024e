/**
 * The same commands through the exchange, whole, and through nodejs-order-book, which has no balances: one market,
 * 100,000 resting orders. Each in a process of its own, in turn; the first commands warm it up. After the last one both
 * books must be the same, level by level.
 */
import { createRequire } from 'node:module';
import { tell, tellDone } from '../measuring/progress.js';
import { ofTurns } from '../measuring/rounds.js';
import { atLeast, type Report, withFloor } from '../measuring/rows.js';
import { whole } from '../measuring/text.js';
import { inFreshProcess } from './fresh-process.js';
import { BATCH, type Book, LoadedExchange, levelsHeld } from './loaded-exchange.js';
import type { FlowShape } from './order-flow.js';
import { OtherBook, type OtherCall, otherCall } from './other-book.js';
import { timeBatch } from './throughput.js';

const SHAPE: FlowShape = { markets: 1, prices: 112, resting: 100_000, selfTradePrevention: 'NONE' };
const ROUNDS = 3;
/** By then what filling the book has left behind is collected. */
const WARM_UP_BATCHES = 100;
const LEAST_RATIO = 20;
/** More than the other book takes in a second. */
const OTHERS_BATCHES_PER_SECOND = 200;

type Who = 'ours' | 'other';

export interface Side {
  batches: number;
  ms: number;
  resting: number;
  book: Book;
}

export interface Work {
  who: Who;
  batches: number;
  /** After which no further batch begins. */
  maxSeconds: number | null;
}

export async function reportComparison(seconds: number): Promise<Report> {
  const rounds: Record<Who, Side[]> = { ours: [], other: [] };
  const roundSeconds = seconds / ROUNDS;
  let batches = Math.ceil(roundSeconds * OTHERS_BATCHES_PER_SECOND);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const who of ['other', 'ours'] as const) {
      tell(`comparison, round ${round} of ${ROUNDS}: ${who === 'ours' ? 'Lockstep' : 'nodejs-order-book'}`);
      const maxSeconds = rounds.other.length === 0 ? roundSeconds : null;
      const side = await inFreshProcess('comparison', { who, batches, maxSeconds });
      batches = side.batches;
      rounds[who].push(side);
    }
  }
  tellDone();
  return report(rounds);
}

function report(rounds: Record<Who, Side[]>): Report {
  const all = [...rounds.ours, ...rounds.other];
  checkSameBooks(all);
  const commands = all[0]!.batches * BATCH;
  const turns = { measured: rounds.ours, floor: rounds.other };
  const figures = withFloor(ofTurns(turns, ({ ms }) => (1_000 * commands) / ms));
  const { version } = createRequire(import.meta.url)('nodejs-order-book/package.json') as { version: string };
  const otherName = `nodejs-order-book ${version}`;
  return {
    lines: [
      `comparison: the floor is ${otherName}, which has no balances; median of ${ROUNDS} rounds of ${whole(commands)} commands, as many as the other took in the first`,
      `afterwards both books are the same: ${describe(all[0]!)}`,
    ],
    rows: [
      {
        case: `comparison with ${otherName}`,
        unit: 'commands/s',
        ...figures,
        goal: { what: 'ratio', ...atLeast(figures.ratio, LEAST_RATIO) },
      },
    ],
  };
}

function checkSameBooks([first, ...others]: readonly Side[]): void {
  const state = ({ resting, book: { bids, asks } }: Side) => JSON.stringify([resting, bids, asks]);
  for (const other of others) {
    if (state(other) === state(first!)) continue;
    throw new Error(`the books are not the same: ${describe(first!)}; ${describe(other)}`);
  }
}

function describe({ resting, book }: Side): string {
  const { bids, asks } = book;
  const lots = [...bids, ...asks].reduce((sum, [, lots]) => sum + lots, 0);
  return (
    `${whole(resting)} orders of ${whole(lots)} lots on ${levelsHeld([book])} levels, ` +
    `best bid ${bids[0]?.[0]}, best ask ${asks[0]?.[0]}`
  );
}

export function measureComparison(work: Work): Side {
  return work.who === 'ours' ? measureOurs(work) : measureOther(work);
}

function measureOurs({ batches, maxSeconds }: Work): Side {
  const loaded = new LoadedExchange(SHAPE);
  const done = afterWarmUp(() => timeBatch(loaded, loaded.flow.nextBatch(BATCH)), batches, maxSeconds);
  return { ...done, resting: loaded.restingOrders(), book: loaded.books()[0]! };
}

function measureOther({ batches, maxSeconds }: Work): Side {
  const { filling, calls } = recordCalls(WARM_UP_BATCHES + batches);
  const book = new OtherBook();
  for (const call of filling) book.execute(call);
  const rest = calls.values();
  const done = afterWarmUp(() => timeCalls(book, rest.next().value!), batches, maxSeconds);
  return { ...done, resting: book.restingOrders(), book: book.book() };
}

/** Runs batches that tell how long they took, until there are enough or the time is up. */
function afterWarmUp(run: () => number, most: number, maxSeconds: number | null) {
  for (let i = 0; i < WARM_UP_BATCHES; i++) run();
  let [batches, ms] = [0, 0];
  while (batches < most && (maxSeconds === null || ms < 1_000 * maxSeconds)) {
    ms += run();
    batches++;
  }
  return { batches, ms };
}

/** The flow needs an exchange to know which orders are open; it is gone when the other book is measured. */
function recordCalls(batches: number): { filling: OtherCall[]; calls: OtherCall[][] } {
  const filling: OtherCall[] = [];
  const loaded = new LoadedExchange(SHAPE, (command, orderId) => filling.push(otherCall(command, orderId)));
  const calls = Array.from({ length: batches }, () => {
    const batch = loaded.flow.nextBatch(BATCH).map(command => {
      loaded.execute(command);
      return otherCall(command, loaded.sequence);
    });
    loaded.flow.hear(loaded.endBatch());
    return batch;
  });
  return { filling, calls };
}

function timeCalls(book: OtherBook, calls: readonly OtherCall[]): number {
  const began = performance.now();
  for (const call of calls) book.execute(call);
  return performance.now() - began;
}
