/** A commit whose answer is lost: the connection is cut after the commit has had its effect. */
import { keysOf } from '../../shared/io/keys.js';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { count, type Trap } from './trap.js';
import { batchOfOne, TrapWorld } from './world.js';

const ROUNDS = 10;

/** No head: a commit journals the first entry and removes it, as often as it is sent. */
const HEADLESS_COMMIT = `
  redis.call('XADD', KEYS[1], '*', 'entry', ARGV[1])
  redis.call('LTRIM', KEYS[2], 1, -1)`;

export const lostAnswer: Trap = {
  title: 'A commit whose answer is lost',

  async show(folder) {
    const world = await TrapWorld.start(folder);
    try {
      return [
        {
          whose: 'naive',
          what: 'take an entry by LPOP, apply it, then journal it',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round => popLosesEntry(world, `pop-${round}`)),
          harm: 'the command was lost',
        },
        {
          whose: 'naive',
          what: 'send a commit without a head again',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round => resendDoubles(world, `resend-${round}`)),
          harm: 'the command was journaled twice, and the next one was lost',
        },
        {
          whose: 'ours',
          what: 'send the commit of the same head again',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round => oursHarms(world, `ours-${round}`)),
          harm: 'the commit acted twice, or not at all',
        },
      ];
    } finally {
      await world.stop();
    }
  },
};

async function popLosesEntry(world: TrapWorld, exchange: string): Promise<boolean> {
  const { commands } = keysOf(exchange);
  const redis = connectOnce(redisAt(world.proxy.url));
  redis.on('error', () => {});
  await redis.connect();
  await world.redis.rpush(commands, 'first', 'second');
  const popped = await world
    .loseAnswer(
      () => redis.lpop(commands),
      async () => (await world.redis.llen(commands)) === 1,
    )
    .catch(() => undefined);
  redis.disconnect();
  return popped === undefined && !(await world.entries(commands)).includes('first');
}

async function resendDoubles(world: TrapWorld, exchange: string): Promise<boolean> {
  const { commandLog, keys } = await world.commandLog(exchange);
  await world.redis.rpush(keys.commands, 'first', 'second');
  const commit = () => commandLog.reader.eval(HEADLESS_COMMIT, 2, keys.journal, keys.commands, 'first');
  // The patient connection sends by itself again what it got no answer to.
  await world.loseAnswer(commit, async () => (await world.redis.llen(keys.commands)) === 1);
  commandLog.close();
  const [journaled, left] = [await world.journaled(keys.journal), await world.entries(keys.commands)];
  return journaled.join() === 'first,first' && left.length === 0;
}

async function oursHarms(world: TrapWorld, exchange: string): Promise<boolean> {
  const { commandLog, keys, head } = await world.commandLog(exchange);
  await world.redis.rpush(keys.commands, 'first', 'second');
  const next = '1:1';
  const commit = () => commandLog.commit(head, next, batchOfOne(1));
  const { entries } = await world.loseAnswer(commit, async () => (await world.redis.get(keys.head)) === next);
  commandLog.close();
  const [journal, left] = [await world.redis.xlen(keys.journal), await world.entries(keys.commands)];
  return entries.join() !== 'second' || journal !== 1 || left.join() !== 'second';
}
