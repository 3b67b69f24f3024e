/**
 * Suite `pipeline`: a list that is already full, through the real engine, to the durable commit of its last command:
 * 35 % orders that rest, 35 % that trade, 30 % cancels, of 1,000 accounts. The floor commits the same bytes by the same
 * script and does nothing else.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { migrate } from '../../db-writer/migrate.js';
import type { Target } from '../../scripts/generating/store.js';
import { ENGINE_OPTIONS } from '../../scripts/running/program.js';
import { Journal } from '../../shared/io/journal.js';
import { keysOf } from '../../shared/io/keys.js';
import { createLogger } from '../../shared/io/log.js';
import { commandsOfAll, foundation } from '../load/foundation.js';
import { durabilityLines } from '../measuring/durability.js';
import { startChild, startEngine } from '../measuring/processes.js';
import { tell } from '../measuring/progress.js';
import { inTurn, ofTurns } from '../measuring/rounds.js';
import { atLeast, type Report, withFloor } from '../measuring/rows.js';
import { startServers } from '../measuring/servers.js';
import { whole } from '../measuring/text.js';
import { drain, fill } from './filled-list.js';
import type { FloorTask } from './floor-engine.js';
import { assertJournaled } from './journaled.js';

const ROUNDS = 3;
/** About what an engine takes in a second of measuring, so that `--seconds` means about that. */
const COMMANDS_PER_SECOND = 50_000;
const SECONDS = 1;
const LIST = 'bench:commands';
const FLOOR_ENGINE = fileURLToPath(new URL('floor-engine.js', import.meta.url));

/** @param seconds about so long a round takes */
export async function reportPipeline(seconds = SECONDS): Promise<Report> {
  tell('pipeline: servers are started');
  const servers = await startServers();
  const redis = new Redis(servers.redisUrl);
  const target = { ...servers, namespace: 'bench' };
  await migrate(target.databaseUrl, target.namespace, createLogger('bench', 'warn'));
  await startEngine(target);
  tell('pipeline: the list is filled');
  await found(redis, target);
  const commands = await fillList(redis, seconds);
  const after = await firstRound(redis, target);
  await startFloor({ redisUrl: target.redisUrl, recorded: target.namespace, after, namespace: 'floor' });
  tell('pipeline: measuring');
  const turns = await inTurn(ROUNDS, {
    measured: () => drain(redis, LIST, keysOf(target.namespace)),
    floor: () => drain(redis, LIST, keysOf('floor')),
  });
  const figures = withFloor(ofTurns(turns, seconds => commands / seconds));
  const counted = await assertJournaled(journalOf(redis, target), after, commands * (ROUNDS + 1));
  redis.disconnect();
  return {
    rows: [
      {
        case: `a list of ${whole(commands)}`,
        unit: 'commands/s',
        ...figures,
        goal: { what: 'ratio', ...atLeast(figures.ratio, 0.75, 0.9) },
      },
    ],
    lines: [...(await durabilityLines(servers)), counted],
  };
}

async function found(redis: Redis, { namespace }: Target): Promise<void> {
  const list = 'bench:foundation';
  await fill(redis, list, foundation());
  await drain(redis, list, keysOf(namespace));
}

async function fillList(redis: Redis, seconds: number): Promise<number> {
  const once = commandsOfAll();
  const passes = Math.max(1, Math.round((seconds * COMMANDS_PER_SECOND) / once.length));
  for (let pass = 0; pass < passes; pass++) await fill(redis, LIST, once);
  return passes * once.length;
}

/** Compiles everything, and leaves in the journal what the floor commits. Gives the sequence before it. */
async function firstRound(redis: Redis, target: Target): Promise<number> {
  const { last } = await journalOf(redis, target).extent();
  await drain(redis, LIST, keysOf(target.namespace));
  return last;
}

function journalOf(redis: Redis, { namespace }: Target): Journal {
  return new Journal(redis, keysOf(namespace).journal);
}

async function startFloor(task: FloorTask): Promise<void> {
  await once(startChild(FLOOR_ENGINE, [JSON.stringify(task)], ENGINE_OPTIONS), 'message');
}
