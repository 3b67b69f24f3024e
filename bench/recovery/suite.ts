/**
 * Suite `recovery`: how fast an engine serves again after everything has stopped. For each batch size a state is generated
 * into servers of its own; then the real engine starts on it, loads Postgres, replays the journal and leads; then the real
 * db-writer writes the journal. At the end Postgres must hold every row once and the generated state, or the bench fails.
 */
import type pg from 'pg';
import { migrate } from '../../db-writer/migrate.js';
import { type Generated, generate, type Size } from '../../scripts/generating/generate.js';
import type { Target } from '../../scripts/generating/store.js';
import { keysOf } from '../../shared/io/keys.js';
import { createLogger } from '../../shared/io/log.js';
import { createPool } from '../../shared/io/postgres.js';
import { durabilityLines } from '../measuring/durability.js';
import { peakOf, startEngine, stop } from '../measuring/processes.js';
import { tell } from '../measuring/progress.js';
import { inTurn, ofTurns } from '../measuring/rounds.js';
import { type Figures, type Report, withFloor } from '../measuring/rows.js';
import { type Servers, startServers } from '../measuring/servers.js';
import { whole } from '../measuring/text.js';
import { WriterFloor } from '../writer/floor.js';
import { readJournal, readRows } from './floors.js';
import { assertWhole } from './postgres-rows.js';
import { catchUp, type Recovered, recover } from './processes.js';

export type RecoverySize = Pick<Size, 'accounts' | 'open' | 'ended' | 'journal'>;

const SIZE: RecoverySize = { accounts: 2000, open: 50_000, ended: 50_000, journal: 0 };
/** About what an engine replays in a second, so that `--seconds` means about that. */
const COMMANDS_PER_SECOND = 150_000;
const SECONDS = 2;
/** As a busy engine makes them, and one that has little to do. */
const BATCH_SIZES = [512, 20];
const ROUNDS = 3;

/** @param seconds about so long a replay takes */
export function reportRecovery(seconds = SECONDS): Promise<Report> {
  return reportRecoveryOf({ ...SIZE, journal: Math.round(seconds * COMMANDS_PER_SECOND) });
}

export async function reportRecoveryOf(size: RecoverySize): Promise<Report> {
  const servers = await startServers();
  const emptyMegabytes = await emptyEngine({ ...servers, namespace: 'empty' });
  const rows: Figures[] = [];
  for (const batch of BATCH_SIZES)
    rows.push(...(await measure(servers, { ...size, markets: 3, batch, seed: 1 }, emptyMegabytes)));
  const { accounts, open, ended, journal } = size;
  const state = `${whole(open)} open orders of ${whole(open + ended)}, ${whole(accounts)} accounts, a journal of ${whole(journal)} commands`;
  return { rows, lines: [...(await durabilityLines(servers)), `${state}; Postgres holds every row once`] };
}

interface Turn {
  loadSeconds: number;
  replayedPerSecond: number;
  startSeconds: number;
}

async function measure(servers: Servers, size: Size, emptyMegabytes: number): Promise<Figures[]> {
  const target = { ...servers, namespace: `batches_of_${size.batch}` };
  const of = (what: string) => `${what}, batches of ${size.batch}`;
  tell(of('recovery: a state is made'));
  const generated = await generate(target, size);
  const pool = createPool(servers.databaseUrl, target.namespace, 1);
  tell(of('recovery: the engine starts'));
  const starts: Recovered[] = [];
  const turns = await inTurn<Turn>(ROUNDS, {
    floor: () => readAll(pool, target, generated),
    measured: async () => {
      const start = await recover(target);
      starts.push(start);
      return { ...start, startSeconds: start.secondsUntilLeading };
    },
  });
  tell(of('recovery: the db-writer catches up'));
  const copied = await copyJournal(target, generated);
  const written = await catchUp(target, pool, generated.end);
  await assertWhole(pool, generated);
  await pool.end();
  const loaded = Object.values(starts[0]!.rows).reduce((sum, count) => sum + count, 0);
  return [
    {
      case: of('checkpoint loaded'),
      unit: 'rows/s',
      ...withFloor(ofTurns(turns, ({ loadSeconds }) => loaded / loadSeconds)),
      notes: [`${whole(loaded)} rows`],
    },
    {
      case: of('journal replayed'),
      unit: 'commands/s',
      ...withFloor(ofTurns(turns, ({ replayedPerSecond }) => replayedPerSecond)),
    },
    {
      case: of('start until leading'),
      unit: 's',
      ...withFloor(ofTurns(turns, ({ startSeconds }) => startSeconds)),
    },
    {
      case: of("engine's memory at most"),
      unit: 'MB',
      ...withFloor({
        measured: [Math.max(...starts.map(({ peakMegabytes }) => peakMegabytes))],
        floor: [emptyMegabytes],
      }),
    },
    {
      case: of('journal written by the db-writer'),
      unit: 'commands/s',
      ...withFloor({
        measured: [written.commandsPerSecond],
        floor: [(generated.end - generated.watermark) / copied],
      }),
    },
  ];
}

/** The floor of the memory: what an engine takes that has nothing to load, at most, in megabytes. */
async function emptyEngine(target: Target): Promise<number> {
  await migrate(target.databaseUrl, target.namespace, createLogger('bench', 'warn'));
  const { engine } = await startEngine(target);
  const megabytes = peakOf(engine.pid!);
  await stop(engine);
  return megabytes;
}

/** The floor of a start. */
async function readAll(pool: pg.Pool, target: Target, { watermark, end }: Generated): Promise<Turn> {
  const loadSeconds = await readRows(pool);
  const replayedPerSecond = await readJournal(target, watermark);
  return {
    loadSeconds,
    replayedPerSecond,
    startSeconds: loadSeconds + (end - watermark) / replayedPerSecond,
  };
}

/** The floor of the db-writer, in seconds. */
async function copyJournal(target: Target, { watermark, end }: Generated): Promise<number> {
  const floor = await WriterFloor.open(target);
  const { seconds } = await floor.copy(keysOf(target.namespace).journal, { after: watermark, end });
  await floor.close();
  return seconds;
}
