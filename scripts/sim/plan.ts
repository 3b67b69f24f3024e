/**
 * What happens in one run, as data: which processes there are, who asks for what, and what goes wrong when. A plan follows
 * from its seed alone, and one with parts left out is a plan too, so that a failure can be made small.
 */
import { MAX_BATCH_ENTRIES } from '../../engine/command-log.js';
import type { Command, Query } from '../../shared/domain/commands.js';
import { Random } from '../random.js';
import type { Doom } from './link.js';

export type ProcessName = 'engine-1' | 'engine-2' | 'engine-3' | 'writer-1' | 'writer-2' | 'api-1' | 'api-2';

export interface Fault {
  /** Virtual milliseconds. */
  readonly at: number;
  readonly kind: keyof typeof FAULTS;
  readonly process?: ProcessName;
  readonly forMs?: number;
  readonly byMs?: number;
  readonly server?: 'redis' | 'postgres';
  readonly doom?: Doom;
}

export interface Asked {
  readonly at: number;
  readonly api: 'api-1' | 'api-2';
  readonly request: Command | Query;
}

/** A client of the streams. */
export interface Reading {
  readonly name: string;
  readonly api: Asked['api'];
  readonly account: number;
  /** When it stops reading for a while, and when it leaves to come again. */
  readonly rests?: { readonly at: number; readonly forMs: number };
  readonly leavesAt?: number;
}

export interface Plan {
  readonly seed: number;
  readonly processes: readonly ProcessName[];
  /** Small enough to be full, now and then. */
  readonly isJournalSmall: boolean;
  /** Of an engine: where few make a batch, the next one is often applied before one is durable. */
  readonly batchEntries: number;
  readonly asked: readonly Asked[];
  readonly faults: readonly Fault[];
  readonly readings: readonly Reading[];
}

/** Requests and faults come before; from then on everything is mended. */
export const MENDED_AT_MS = 2500;
const FIRST_ASKED_AT_MS = 100;

export const MARKETS = ['BTC_USDT', 'ETH_USDT', 'ADA_USDT'];
const TRADED_MARKETS = ['ADA_USDT', 'ETH_USDT'] as const;
export const ACCOUNTS = [1001, 1002, 1003];

type Parameters = Omit<Fault, 'at' | 'kind'>;

/** One line each: what it needs to know. */
const FAULTS = {
  crash: (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    forMs: random.below(800),
  }),
  'lost connection': (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    server: random.oneIn(3) ? 'postgres' : 'redis',
    doom: random.of(['BEFORE_EFFECT', 'AFTER_EFFECT', 'AFTER_EFFECT'] as const),
  }),
  silence: (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    server: random.of(['redis', 'postgres'] as const),
    doom: 'SILENCE',
  }),
  delay: (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    forMs: random.below(1000),
    byMs: 1 + random.below(random.oneIn(4) ? 400 : 30),
  }),
  pause: (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    forMs: random.below(random.oneIn(3) ? 3500 : 1200),
  }),
  'the leader sleeps through a take-over': (random: Random): Parameters => ({
    process: 'engine-1',
    forMs: 1000 + random.below(1500),
  }),
  'engine started twice': (random: Random): Parameters => ({ forMs: 300 + random.below(2000) }),
  'writer started twice': (random: Random): Parameters => ({ forMs: 300 + random.below(2000) }),
  'Redis restarts': (random: Random): Parameters => ({ forMs: random.below(random.oneIn(4) ? 2500 : 300) }),
  'Postgres restarts': (random: Random): Parameters => ({ forMs: random.below(1000) }),
  'Redis dies before a flush': (random: Random): Parameters => ({ forMs: random.below(300) }),
  'Postgres dies in a commit': (random: Random): Parameters => ({ forMs: random.below(1000) }),
  'Redis is full': (random: Random): Parameters => ({ forMs: random.below(1000) }),
  'slow writer': (random: Random): Parameters => ({ process: 'writer-1', forMs: 1000 + random.below(2000) }),
  'clock jump': (random: Random, processes: readonly ProcessName[]): Parameters => ({
    process: random.of(processes),
    byMs: random.below(20_000) - 10_000,
  }),
  "Redis' clock jumps": (random: Random): Parameters => ({ byMs: random.below(6000) - 3000 }),
  'the journal refuses an entry': (): Parameters => ({}),
  'rubbish in the list': (): Parameters => ({}),
} satisfies Record<string, (random: Random, processes: readonly ProcessName[]) => Parameters>;

const FAULT_KINDS = Object.keys(FAULTS) as Fault['kind'][];

export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const processes: ProcessName[] = ['engine-1', 'writer-1', 'api-1'];
  if (!random.oneIn(3)) processes.push('engine-2');
  if (random.oneIn(4)) processes.push('api-2');
  const isJournalSmall = random.oneIn(4);
  return {
    seed,
    processes,
    isJournalSmall,
    asked: asked(random, processes),
    faults: faults(random, processes),
    readings: readings(random, processes),
    batchEntries: seed % 4 === 0 ? 1 + random.below(2) : MAX_BATCH_ENTRIES,
  };
}

/** Of each api a quick one, and one that rests or leaves. */
function readings(random: Random, processes: readonly ProcessName[]): Reading[] {
  return apisOf(processes).flatMap((api): Reading[] => [
    { name: 'a quick reader', api, account: random.of(ACCOUNTS) },
    {
      name: 'a slow reader',
      api,
      account: random.of(ACCOUNTS),
      ...(random.oneIn(2)
        ? { rests: { at: random.below(MENDED_AT_MS), forMs: random.below(1500) } }
        : { leavesAt: random.below(MENDED_AT_MS) }),
    },
  ]);
}

function apisOf(processes: readonly ProcessName[]): Asked['api'][] {
  return processes.filter(name => name.startsWith('api')) as Asked['api'][];
}

/** Some kinds of faults only, and few: many at once hide each other. */
function faults(random: Random, processes: readonly ProcessName[]): Fault[] {
  const kinds = FAULT_KINDS.filter(() => random.oneIn(3));
  if (kinds.length === 0) return [];
  const count = random.below(6);
  const list = Array.from({ length: count }, (): Fault => {
    const kind = random.of(kinds);
    return { at: random.below(MENDED_AT_MS), kind, ...FAULTS[kind](random, processes) };
  });
  return list.sort((a, b) => a.at - b.at);
}

type Kind = (random: Random, name: string) => Command | Query;

const KINDS: readonly Kind[] = [
  placeOrder,
  (random, key) => ({
    kind: random.oneIn(2) ? 'DEPOSIT' : 'WITHDRAW',
    body: { account: random.of(ACCOUNTS), asset: 'USDT', amount: BigInt(1 + random.below(1e9)), key },
  }),
  (random, name) => ({
    kind: 'CANCEL_ORDER',
    body: {
      account: random.of(ACCOUNTS),
      orderId: null,
      market: random.of(TRADED_MARKETS),
      clientOrderId: `o${random.below(Number(name.slice(1)) + 1)}`,
    },
  }),
  random => ({ kind: 'CANCEL_ALL', body: { account: random.of(ACCOUNTS), market: null } }),
  random => ({ kind: 'BALANCES', body: { account: random.of(ACCOUNTS) } }),
  random => ({ kind: 'OPEN_ORDERS', body: { account: random.of(ACCOUNTS), market: null } }),
];

function asked(random: Random, processes: readonly ProcessName[]): Asked[] {
  const apis = apisOf(processes);
  const kinds = KINDS.filter((_, index) => index < 1 || random.oneIn(2));
  const count = 10 + random.below(40);
  const at = () => FIRST_ASKED_AT_MS + random.below(MENDED_AT_MS - FIRST_ASKED_AT_MS);
  const times = Array.from({ length: count }, at).sort((a, b) => a - b);
  const deposits = ACCOUNTS.flatMap((account, index): Asked[] =>
    (['USDT', 'ADA', 'ETH'] as const).map((asset, place) => ({
      at: FIRST_ASKED_AT_MS,
      api: 'api-1',
      request: {
        kind: 'DEPOSIT',
        body: { account, asset, amount: 10n ** 13n, key: `first-${index}-${place}` },
      },
    })),
  );
  const others = times.map((time, index): Asked => {
    const kind = random.oneIn(2) ? placeOrder : random.of(kinds);
    return { at: time, api: random.of(apis), request: kind(random, `o${index}`) };
  });
  return [...deposits, ...others];
}

function placeOrder(random: Random, clientOrderId: string): Command {
  const isMarket = random.oneIn(8);
  return {
    kind: 'PLACE_ORDER',
    body: {
      account: random.of(ACCOUNTS),
      market: random.of(TRADED_MARKETS),
      clientOrderId,
      side: random.of(['BUY', 'SELL'] as const),
      type: isMarket ? 'MARKET' : 'LIMIT',
      timeInForce: isMarket || random.oneIn(6) ? 'IOC' : 'GTC',
      selfTradePrevention: random.of(['NONE', 'EXPIRE_MAKER', 'EXPIRE_TAKER'] as const),
      price: isMarket ? null : 100_000 + random.below(5),
      quantity: 1000 + random.below(5) * 500,
      quoteQuantity: null,
    },
  };
}
