/**
 * Suite `writer`: the real db-writer alone, from a journal that is already there into Postgres. The floor copies the same
 * rows into tables without an index.
 */
import { generate } from '../../scripts/generating/generate.js';
import { createPool } from '../../shared/io/postgres.js';
import { durabilityLines } from '../measuring/durability.js';
import { tell } from '../measuring/progress.js';
import { atLeast, type Report, withFloor } from '../measuring/rows.js';
import { type Servers, startServers } from '../measuring/servers.js';
import { median, whole } from '../measuring/text.js';
import { assertWhole } from '../recovery/postgres-rows.js';
import { catchUp } from '../recovery/processes.js';
import { copyRows } from './floor.js';

const ROUNDS = 2;
/** About what the writer takes in a second of measuring, so that `--seconds` means about that. */
const COMMANDS_PER_SECOND = 20_000;
const SECONDS = 4;
const STATE = { accounts: 1000, open: 10_000, ended: 0, batch: 512 };

interface Round {
  commands: number;
  floorCommands: number;
  rowsPerCommand: number;
  megabytes: number;
}

/** @param seconds about so long a round takes */
export async function reportWriter(seconds = SECONDS): Promise<Report> {
  const servers = await startServers();
  try {
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round++)
      rounds.push(await measure(servers, round, Math.round(seconds * COMMANDS_PER_SECOND)));
    const of = (figure: keyof Round) => median(rounds.map(one => one[figure]));
    const [commands, floor, rows] = [of('commands'), of('floorCommands'), of('rowsPerCommand')];
    return {
      rows: [
        {
          case: 'commands',
          unit: 'commands/s',
          ...withFloor(commands, floor),
          goal: atLeast(commands, 30_000, 50_000),
          notes: [`${rows.toFixed(1)} rows a command, ${whole(of('megabytes'))} MB at most`],
        },
        { case: 'rows', unit: 'rows/s', ...withFloor(commands * rows, floor * rows) },
      ],
      lines: [
        ...(await durabilityLines(servers)),
        'afterwards Postgres held every row once, and the state hash',
      ],
    };
  } finally {
    await servers.stop();
  }
}

/** The same journal each time, in a namespace of its own. */
async function measure(servers: Servers, round: number, journal: number): Promise<Round> {
  tell(`writer, round ${round} of ${ROUNDS}: ${whole(journal)} commands are made`);
  const target = { ...servers, namespace: `round_${round}` };
  const generated = await generate(target, { ...STATE, journal, seed: 1 });
  const span = { after: generated.watermark, end: generated.end };
  tell(`writer, round ${round} of ${ROUNDS}: the floor`);
  const floor = await copyRows(target, span);
  tell(`writer, round ${round} of ${ROUNDS}: the db-writer`);
  const pool = createPool(target.databaseUrl, target.namespace, 1);
  const written = await catchUp(target, pool, generated.end);
  await assertWhole(pool, generated);
  await pool.end();
  return {
    commands: written.commandsPerSecond,
    floorCommands: journal / floor.seconds,
    rowsPerCommand: floor.rows / journal,
    megabytes: written.peakMegabytes,
  };
}
