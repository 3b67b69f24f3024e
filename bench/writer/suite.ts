/**
 * Suite `writer`: the real db-writer from the journal into Postgres. It gets the journal part by part, each already whole;
 * before each the floor copies the same rows into tables without an index.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { generate } from '../../scripts/generating/generate.js';
import { keysOf } from '../../shared/io/keys.js';
import { createPool } from '../../shared/io/postgres.js';
import { durabilityLines } from '../measuring/durability.js';
import { peakOf, startWriter } from '../measuring/processes.js';
import { tell } from '../measuring/progress.js';
import { ofTurns } from '../measuring/rounds.js';
import { atLeast, type Report, withFloor } from '../measuring/rows.js';
import { startServers } from '../measuring/servers.js';
import { whole } from '../measuring/text.js';
import { assertWhole } from '../recovery/postgres-rows.js';
import { WriterFloor } from './floor.js';
import { append, type Part, partsOf } from './parts.js';

const ROUNDS = 5;
const BATCH = 512;
/** About what the writer takes in a second of measuring, so that `--seconds` means about that. */
const BATCHES_PER_SECOND = 50;
const SECONDS = 1;
const STATE = { accounts: 1000, markets: 3, open: 10_000, ended: 0, batch: BATCH, seed: 1 };
const POLL_MS = 2;
const FLOOR_STREAM = 'floor:journal';

interface Turn {
  commands: number;
  rows: number;
  seconds: number;
}

/** @param seconds about so long a turn takes */
export async function reportWriter(seconds = SECONDS): Promise<Report> {
  tell('writer: a journal is made');
  const servers = await startServers();
  const target = { ...servers, namespace: 'bench' };
  const batches = Math.max(1, Math.round(seconds * BATCHES_PER_SECOND));
  // The first part is for warming up.
  const generated = await generate(target, { ...STATE, journal: (ROUNDS + 1) * batches * BATCH });
  const { journal } = keysOf(target.namespace);
  const redis = new Redis(target.redisUrl);
  const pool = createPool(target.databaseUrl, target.namespace, 1);
  const floor = await WriterFloor.open(target);
  const parts = partsOf(redis, journal, { watermark: generated.watermark, batches });
  const writer = startWriter(target);
  const write = async ({ end, entries }: Part) => {
    await append(redis, journal, entries);
    return secondsUntilWritten(pool, end);
  };
  await write((await parts.next()).value!);
  tell('writer: measuring');
  const turns = { measured: [] as Turn[], floor: [] as Turn[] };
  for await (const part of parts) {
    const commands = part.end - part.after;
    await append(redis, FLOOR_STREAM, part.entries);
    const { rows, seconds } = await floor.copy(FLOOR_STREAM, part);
    turns.floor.push({ commands, rows, seconds });
    turns.measured.push({ commands, rows, seconds: await write(part) });
  }
  const megabytes = peakOf(writer.pid!);
  await assertWhole(pool, generated);
  await Promise.all([pool.end(), floor.close(), redis.quit()]);
  const commands = withFloor(ofTurns(turns, ({ commands, seconds }) => commands / seconds));
  return {
    rows: [
      {
        case: 'commands',
        unit: 'commands/s',
        ...commands,
        goal: atLeast(commands.value, 30_000, 50_000),
        notes: [`parts of ${whole(batches * BATCH)} commands; ${whole(megabytes)} MB at most`],
      },
      {
        case: 'rows',
        unit: 'rows/s',
        ...withFloor(ofTurns(turns, ({ rows, seconds }) => rows / seconds)),
      },
    ],
    lines: [
      ...(await durabilityLines(servers)),
      'afterwards Postgres held every row once, and the state hash',
    ],
  };
}

async function secondsUntilWritten(pool: pg.Pool, sequence: number): Promise<number> {
  const started = performance.now();
  const watermark = async () => Number((await pool.query('SELECT sequence FROM watermark')).rows[0].sequence);
  while ((await watermark()) < sequence) await delay(POLL_MS);
  return (performance.now() - started) / 1000;
}
