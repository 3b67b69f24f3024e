/**
 * Suite `recovery`: how fast an engine serves again after everything has stopped. For each batch size a state is generated
 * into servers of its own; then the real engine starts on it, loads Postgres, replays the journal and leads; then the real
 * db-writer writes the journal. At the end Postgres must hold every row once and the generated state, or the bench fails.
 */
import { generate, type Size } from '../../scripts/generating/generate.js';
import { createPool } from '../../shared/io/postgres.js';
import { durabilityLines } from '../measuring/durability.js';
import { tell } from '../measuring/progress.js';
import { type Figures, type Report, significant, withFloor } from '../measuring/rows.js';
import { type Servers, startServers } from '../measuring/servers.js';
import { whole } from '../measuring/text.js';
import { readJournal, readRows } from './floors.js';
import { assertWhole } from './postgres-rows.js';
import { catchUp, recover } from './processes.js';

export type RecoverySize = Pick<Size, 'accounts' | 'open' | 'ended' | 'journal'>;

const SIZE: RecoverySize = { accounts: 2000, open: 50_000, ended: 50_000, journal: 0 };
/** About what an engine replays in a second, so that `--seconds` means about that. */
const COMMANDS_PER_SECOND = 50_000;
const SECONDS = 1;
/** As a busy engine makes them, and one that has little to do. */
const BATCH_SIZES = [512, 20];

/** @param seconds about so long a replay takes */
export function reportRecovery(seconds = SECONDS): Promise<Report> {
  return reportRecoveryOf({ ...SIZE, journal: Math.round(seconds * COMMANDS_PER_SECOND) });
}

export async function reportRecoveryOf(size: RecoverySize): Promise<Report> {
  const servers = await startServers();
  try {
    const rows: Figures[] = [];
    for (const batch of BATCH_SIZES) rows.push(...(await measure(servers, { ...size, batch, seed: 1 })));
    const { accounts, open, ended, journal } = size;
    const state = `${whole(open)} open orders of ${whole(open + ended)}, ${whole(accounts)} accounts, a journal of ${whole(journal)} commands`;
    return { rows, lines: [...(await durabilityLines(servers)), `${state}; Postgres holds every row once`] };
  } finally {
    await servers.stop();
  }
}

async function measure(servers: Servers, size: Size): Promise<Figures[]> {
  const target = { ...servers, namespace: `batches_of_${size.batch}` };
  const of = (what: string) => `${what}, batches of ${size.batch}`;
  tell(of('recovery: a state is made'));
  const generated = await generate(target, size);
  const pool = createPool(servers.databaseUrl, target.namespace, 1);
  const rowsFloor = await readRows(pool);
  const journalFloor = await readJournal(target, generated.watermark);
  tell(of('recovery: the engine starts'));
  const recovered = await recover(target);
  tell(of('recovery: the db-writer catches up'));
  const written = await catchUp(target, pool, generated.end);
  await assertWhole(pool, generated);
  await pool.end();
  const loaded = Object.values(recovered.rows).reduce((sum, count) => sum + count, 0);
  return [
    {
      case: of('checkpoint loaded'),
      unit: 'rows/s',
      ...withFloor(loaded / recovered.loadSeconds, loaded / rowsFloor),
      notes: [`${whole(loaded)} rows in ${recovered.loadSeconds.toFixed(2)} s`],
    },
    {
      case: of('journal replayed'),
      unit: 'commands/s',
      ...withFloor(recovered.replayedPerSecond, journalFloor),
    },
    { case: of('start until leading'), unit: 's', value: significant(recovered.secondsUntilLeading) },
    { case: of("engine's memory at most"), unit: 'MB', value: significant(recovered.peakMegabytes) },
    {
      case: of('journal written by the db-writer'),
      unit: 'commands/s',
      value: significant(written.commandsPerSecond),
    },
  ];
}
