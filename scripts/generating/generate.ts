/**
 * Makes the state of an exchange that has traded: commands through the engine's own machine, batches as the leader
 * builds them, written by the db-writer's own fold and transaction, the last of them into the Redis journal only.
 *
 * Guarantees: the same size gives the same state, byte for byte, but for the random exchange id; in memory at once are
 * the state and some batches. What was made is whole only when `generate` has returned.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { JournalBatch } from '../../shared/domain/codec.js';
import { GENESIS } from '../../shared/domain/genesis.js';
import { LARGEST_SEED } from '../random.js';
import {
  DEPOSITS_PER_ACCOUNT,
  furtherMarkets,
  MAX_ACCOUNTS,
  MAX_MARKETS,
  MIN_MARKETS,
  OrderFlow,
} from './order-flow.js';
import { Store, type Target } from './store.js';
import { TradedExchange } from './traded-exchange.js';

export interface Size {
  accounts: number;
  /** Each account trades in three of them. */
  markets: number;
  /** Orders that rest: about so many. */
  open: number;
  /** Orders that are over: at least so many. */
  ended: number;
  /** Commands after the watermark, which only the journal has. */
  journal: number;
  /** Commands in a batch. */
  batch: number;
  seed: number;
}

export interface Generated {
  /** Sequences. */
  watermark: number;
  end: number;
  /** At the journal's end, 16 hexadecimal digits. */
  stateHash: string;
}

/** Commands that one transaction, or one answer of Redis, is for. */
const GROUP_COMMANDS = 65_536;
/** Each account may have 1000 in each of its three markets; chance gives some more than others. */
const OPEN_PER_ACCOUNT = 1500;

/** Why a state of that size cannot be made, or nothing. */
export function problemOf({ accounts, markets, open, batch, seed }: Size): string | undefined {
  if (accounts < 1 || accounts > MAX_ACCOUNTS) return `accounts must be from 1 to ${MAX_ACCOUNTS}`;
  if (markets < MIN_MARKETS || markets > MAX_MARKETS)
    return `markets must be from ${MIN_MARKETS} to ${MAX_MARKETS}`;
  if (open > accounts * OPEN_PER_ACCOUNT) return `an account can have ${OPEN_PER_ACCOUNT} open orders`;
  if (batch < 1 || batch > GROUP_COMMANDS) return `batch must be from 1 to ${GROUP_COMMANDS}`;
  if (seed < 1 || seed > LARGEST_SEED) return `seed must be from 1 to ${LARGEST_SEED}`;
  return undefined;
}

/** Into a namespace that is empty; one that is not is refused. */
export async function generate(target: Target, size: Size): Promise<Generated> {
  const store = new Store(target);
  try {
    const machine = await store.found(target);
    const flow = new OrderFlow({ ...size, resting: size.open });
    const exchange = new TradedExchange(machine, flow, size.batch);
    const position = () => machine.exchange.sequence;
    const stored = await inGroups(history(exchange, flow, size), group => store.write(group));
    await store.append(stored);
    const watermark = position();
    const tail = { what: 'journal', total: size.journal, count: () => position() - watermark };
    await inGroups(
      exchange.until(tail, () => flow.next()),
      group => store.append(group),
    );
    await store.settle(size.accounts);
    return { watermark, end: position(), stateHash: machine.exchange.stateHash };
  } finally {
    await store.close();
  }
}

function* history(
  exchange: TradedExchange,
  flow: OrderFlow,
  { accounts, markets, open, ended }: Size,
): Generator<JournalBatch> {
  const funded = {
    what: 'deposits',
    total: accounts * DEPOSITS_PER_ACCOUNT,
    count: () => flow.deposited,
  };
  const over = { what: 'ended orders', total: ended, count: () => flow.ended };
  const resting = { what: 'open orders', total: open, count: () => flow.open };
  const isBehind = () => flow.open * ended < flow.ended * open;
  yield exchange.found([...GENESIS, ...furtherMarkets(markets)]);
  yield* exchange.until(funded, () => flow.deposit());
  // Open and ended orders become more together, as they do by trading.
  yield* exchange.until(over, () => (isBehind() ? flow.passive() : flow.next()));
  yield* exchange.until(resting, () => flow.passive());
}

/** Each group is stored while the next one is made. Gives the last one. */
async function inGroups(
  batches: Iterable<JournalBatch>,
  store: (group: readonly JournalBatch[]) => Promise<void>,
): Promise<readonly JournalBatch[]> {
  let storing = Promise.resolve();
  let group: JournalBatch[] = [];
  for (const batch of batches) {
    if (group.length > 0 && batch.last - group[0]!.first >= GROUP_COMMANDS) {
      await storing;
      storing = store(group);
      group = [];
    }
    group.push(batch);
    await otherWork();
  }
  await storing;
  if (group.length > 0) await store(group);
  return group;
}
