/**
 * Whether what the load counted is what happened: Postgres must hold every order and trade of it, in the same
 * proportion, and nothing else. A bench that measures refusals would lie.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../scripts/client/client.js';
import { createPool } from '../../shared/io/postgres.js';
import { PAIRS, STANDING } from '../load/order-cycles.js';
import type { Acts } from '../load/tally.js';
import type { BenchExchange } from '../measuring/exchange.js';
import { percent, whole } from '../measuring/text.js';

const POLL_MS = 20;
const COUNTS = `
  SELECT count(*)::int AS orders, count(*) FILTER (WHERE status = 'CANCELED')::int AS canceled,
    count(*) FILTER (WHERE status = 'NEW')::int AS resting, (SELECT count(*)::int FROM trades) AS trades
  FROM orders`;

export interface Lag {
  commands: number;
  seconds: number;
}

/** How far the db-writer is behind, and how long it takes to catch up. */
export async function settle({ address }: BenchExchange): Promise<Lag> {
  const client = new Client(address);
  const started = performance.now();
  const lag = async () => (await client.call('getReadiness', {})).dbWriter.lag ?? Number.POSITIVE_INFINITY;
  const commands = await lag();
  while ((await lag()) > 0) await delay(POLL_MS);
  client.close();
  return { commands, seconds: (performance.now() - started) / 1000 };
}

/**
 * Says how much of what there was, or throws.
 * @param acts of all loads that the exchange has had
 * @param unexpected how many of their requests were answered otherwise, and may have happened all the same
 */
export async function assertStored(exchange: BenchExchange, acts: Acts, unexpected: number): Promise<string> {
  await settle(exchange);
  const { REST, TRADE, CANCEL } = acts;
  const standing = PAIRS * STANDING;
  const expected = { orders: REST + TRADE + standing, canceled: CANCEL, resting: standing, trades: TRADE };
  const pool = createPool(exchange.databaseUrl, exchange.namespace, 1);
  const stored = (await pool.query<typeof expected>(COUNTS)).rows[0]!;
  await pool.end();
  const names = ['orders', 'canceled', 'resting', 'trades'] as const;
  if (names.some(name => Math.abs(stored[name] - expected[name]) > unexpected))
    throw new Error(`Postgres holds ${JSON.stringify(stored)}, the load counted ${JSON.stringify(expected)}`);
  const all = REST + TRADE + CANCEL;
  return (
    `${whole(all)} requests: ${percent(REST, all)} came to rest, ${percent(TRADE, all)} traded, ` +
    `${percent(CANCEL, all)} canceled what rested; Postgres holds these; ` +
    `${whole(unexpected)} were answered otherwise`
  );
}
