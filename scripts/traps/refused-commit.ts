/** A commit that is refused must change nothing: Redis does not undo what a script wrote before its failing step. */
import { count, type Trap, type Way } from './trap.js';
import { batchOfOne, TrapWorld } from './world.js';

const ROUNDS = 10;
/** Bytes; Redis holds more than that, so it refuses whatever takes memory. */
const NO_MEMORY = 1;

const TRIM_FIRST = `
  redis.call('LTRIM', KEYS[2], 1, -1)
  redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'entry', ARGV[2])`;
/** The order is right, but a commit does not say which one it follows. */
const ADD_FIRST = `
  redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 'entry', ARGV[2])
  redis.call('LTRIM', KEYS[2], 1, -1)`;

export const refusedCommit: Trap = {
  title: 'A commit that is refused',

  async show(folder) {
    const world = await TrapWorld.start(folder);
    const ours = async (what: string, refusedRound: RefusedRound): Promise<Way> => ({
      whose: 'ours',
      what,
      rounds: ROUNDS,
      harmed: await count(ROUNDS, round => changes(world, `${refusedRound.name}-${round}`, refusedRound)),
      harm: 'list, journal or head changed',
    });
    try {
      return [
        {
          whose: 'naive',
          what: 'trim the list, then write the journal; the sequence was journaled before',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round => trimFirstLoses(world, `trim-${round}`)),
          harm: 'the command was lost',
        },
        {
          whose: 'naive',
          what: 'send commits N and N+1 at once; there is memory again for N+1',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round => pipelineLoses(world, `pipeline-${round}`)),
          harm: 'command N was lost, N+1 is still in the list and applies twice',
        },
        await ours('another engine has taken the head', fenced),
        await ours('the sequence was journaled before', journaledBefore),
        await ours('N and N+1 sent at once, and N is refused', sentAtOnce),
      ];
    } finally {
      await world.stop();
    }
  },
};

async function trimFirstLoses({ redis }: TrapWorld, exchange: string): Promise<boolean> {
  const [journal, commands] = [`${exchange}:journal`, `${exchange}:commands`];
  await redis.xadd(journal, '5-0', 'entry', 'committed before');
  await redis.rpush(commands, 'N');
  await redis.eval(TRIM_FIRST, 2, journal, commands, 5, 'N').catch(() => {});
  return (await redis.llen(commands)) === 0 && (await redis.xlen(journal)) === 1;
}

async function pipelineLoses(world: TrapWorld, exchange: string): Promise<boolean> {
  const { redis } = world;
  const [journal, commands] = [`${exchange}:journal`, `${exchange}:commands`];
  await redis.rpush(commands, 'N', 'N+1');
  await redis
    .pipeline()
    .config('SET', 'maxmemory', NO_MEMORY)
    .eval(ADD_FIRST, 2, journal, commands, 1, 'N')
    .config('SET', 'maxmemory', 0)
    .eval(ADD_FIRST, 2, journal, commands, 2, 'N+1')
    .exec();
  const [journaled, left] = [await world.journaled(journal), await world.entries(commands)];
  return journaled.join() === 'N+1' && left.join() === 'N+1';
}

type Committer = Awaited<ReturnType<TrapWorld['commandLog']>>;
/** Sends commits that must all be refused. */
type RefusedRound = (world: TrapWorld, committer: Committer) => Promise<unknown>[];

const fenced: RefusedRound = (_, { commandLog }) => [
  commandLog.commit('0:0', '0:1', batchOfOne(6)),
  commandLog.take('0:0'),
];

const journaledBefore: RefusedRound = (_, { commandLog, head }) => [
  commandLog.commit(head, '1:1', batchOfOne(5)),
];

const sentAtOnce: RefusedRound = (_, { commandLog, head }) => [
  commandLog.commit(head, '1:1', batchOfOne(5)),
  commandLog.commit('1:1', '1:2', batchOfOne(6)),
];

async function changes(world: TrapWorld, exchange: string, refused: RefusedRound): Promise<boolean> {
  const committer = await world.commandLog(exchange);
  const { keys, commandLog } = committer;
  await world.redis.xadd(keys.journal, '5-0', 'entry', 'committed before');
  await world.redis.rpush(keys.commands, 'N', 'N+1');
  const state = async () =>
    JSON.stringify([
      await world.redis.get(keys.head),
      await world.redis.xrange(keys.journal, '-', '+'),
      await world.entries(keys.commands),
    ]);
  const before = await state();
  const outcomes = await Promise.allSettled(refused(world, committer));
  commandLog.close();
  return outcomes.some(({ status }) => status === 'fulfilled') || (await state()) !== before;
}
