/**
 * `npm run bench:recovery [-- --accounts 10000 --open 100000 --ended 200000 --journal 300000]`: how fast an engine
 * serves again, and how fast the db-writer catches up, after everything has stopped.
 *
 * For each batch size a state is generated into servers of its own; then the real engine starts on it, loads Postgres,
 * replays the journal and leads; then the real db-writer writes the journal. At the end Postgres must hold every row
 * once and the generated state, or the bench fails.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate } from '../scripts/generating/generate.js';
import { startPrivatePostgres } from '../scripts/running/private-postgres.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import { createPool } from '../shared/io/postgres.js';
import { whole } from './measuring/text.js';
import { assertWhole } from './recovery/postgres-rows.js';
import { catchUp, type Recovered, recover, type Written } from './recovery/processes.js';

/** As a busy engine makes them, and one that has little to do. */
const BATCH_SIZES = [512, 20];

const NAME_WIDTH = 32;

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000' },
    open: { type: 'string', default: '100000' },
    ended: { type: 'string', default: '200000' },
    journal: { type: 'string', default: '300000' },
  },
});
const [accounts, open, ended, journal] = [values.accounts, values.open, values.ended, values.journal].map(
  Number,
) as [number, number, number, number];

const folder = mkdtempSync(join(tmpdir(), 'lockstep-recovery-'));
const redis = await startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log'));
const postgres = await startPrivatePostgres(join(folder, 'postgres'), join(folder, 'postgres.log'));
try {
  for (const batch of BATCH_SIZES) await measure(batch);
} finally {
  await Promise.all([redis.stop(), postgres.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

async function measure(batch: number): Promise<void> {
  const namespace = `batches_of_${batch}`;
  const target = { redisUrl: redis.url, databaseUrl: postgres.url, namespace };
  const generated = await generate(target, { accounts, open, ended, journal, batch, seed: 1 });
  const recovered = await recover(target);
  const pool = createPool(postgres.url, namespace, 1);
  const written = await catchUp(target, pool, generated.end);
  await assertWhole(pool, generated);
  await pool.end();
  report(batch, recovered, written);
}

function report(batch: number, recovered: Recovered, written: Written): void {
  const { rows, loadSeconds, replayedPerSecond, secondsUntilLeading, peakMegabytes } = recovered;
  const loaded = Object.entries(rows).map(([kind, count]) => `${whole(count)} ${kind}`);
  const lines = [
    [`journal of ${whole(journal)} commands`, `in batches of ${batch}`],
    ['rows loaded', loaded.join(', ')],
    ['checkpoint', `${loadSeconds.toFixed(2)} s`],
    ['replay', `${whole(replayedPerSecond)} commands/s`],
    ['engine leads', `${secondsUntilLeading.toFixed(2)} s after its start`],
    ['engine, memory', `${whole(peakMegabytes)} MB at most`],
    ['db-writer', `${whole(written.commandsPerSecond)} commands/s`],
    ['db-writer, memory', `${whole(written.peakMegabytes)} MB at most`],
    ['Postgres', 'every row once'],
  ];
  for (const [name, figure] of lines) console.log(name!.padEnd(NAME_WIDTH), figure);
  console.log('');
}
