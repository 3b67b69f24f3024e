/** A push whose answer is lost: a client that sends it again by itself puts the order into the list twice. */
import { Redis } from 'ioredis';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { count, type Trap } from './trap.js';
import { TrapWorld } from './world.js';

const ROUNDS = 10;

export const resentPush: Trap = {
  title: 'A push that is sent again',

  async show(folder) {
    const world = await TrapWorld.start(folder);
    try {
      return [
        {
          whose: 'naive',
          what: 'ioredis as it comes',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round =>
            doubles(world, new Redis(world.proxy.url, { lazyConnect: true }), `naive-${round}`),
          ),
          harm: 'the order was in the list twice',
        },
        {
          whose: 'ours',
          what: 'connectOnce',
          rounds: ROUNDS,
          harmed: await count(ROUNDS, round =>
            doubles(world, connectOnce(redisAt(world.proxy.url)), `ours-${round}`),
          ),
          harm: 'the order was in the list twice, or the sender was told that it is not there',
        },
      ];
    } finally {
      await world.stop();
    }
  },
};

async function doubles(world: TrapWorld, sender: Redis, list: string): Promise<boolean> {
  sender.on('error', () => {});
  await sender.connect();
  const push = () => sender.rpush(list, 'order');
  const error = await world
    .loseAnswer(push, async () => (await world.redis.llen(list)) === 1)
    .then(
      () => undefined,
      (error: Error) => error,
    );
  sender.disconnect();
  const toldNotWritten = error !== undefined && /isn't writeable/.test(error.message);
  return (await world.redis.llen(list)) !== 1 || toldNotWritten;
}
