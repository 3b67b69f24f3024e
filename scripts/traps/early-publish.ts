/**
 * A message that a script publishes can reach its reader before the script's writes are on disk.
 *
 * Redis flushes once in a turn of its event loop, after all requests of the turn, and holds back what it answers to them
 * until then. But a subscriber whose earlier messages still wait for its socket gets the new one in the same turn, as
 * soon as the socket has room. The trap makes such a turn: while Redis is kept busy, a commit comes in, then the
 * subscriber reads, then something that takes long. The subscriber kills Redis at the message, and the commit is gone.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectOnce, redisAt } from '../../shared/io/redis.js';
import { startPrivateRedis } from '../running/private-redis.js';
import { count, type Trap } from './trap.js';

const ROUNDS = 5;
const CHANNEL = 'told';
const KEY = 'journal';
const STREAM = 'feed';
/** Small pieces, so that little more than what the socket holds waits for it. */
const FILLER = 'x'.repeat(16_000);
/** Some half a second; the scripts of Redis have no clock. */
const BUSY_STEPS = 50_000_000;
/** Between the steps within a busy time, so that they arrive in order. */
const STEP_MS = 50;

const KEEP_BUSY = `for _ = 1, ${BUSY_STEPS} do end`;
const COMMIT = `redis.call('XADD', '${KEY}', ARGV[1] .. '-0', 'entry', '')`;
const COMMIT_AND_PUBLISH = `${COMMIT} redis.call('PUBLISH', '${CHANNEL}', 'done ' .. ARGV[1])`;

/** Not on disk itself, as ours. */
const COMMIT_AND_ANSWER = `${COMMIT} redis.set_repl(redis.REPL_NONE)
  redis.call('XADD', '${STREAM}', ARGV[1] .. '-0', 'done ' .. ARGV[1], '')`;

/** How a commit is told of. */
interface Way {
  readonly commit: string;
  /** What whoever is told sends before, and what is still on its way to it then. */
  readonly listen: string;
  readonly backlog: (redis: Redis) => Promise<unknown>;
}

export const earlyPublish: Trap = {
  title: 'A subscriber with a backlog',

  async show(folder) {
    return [
      {
        whose: 'naive',
        what: 'publish within the script that commits',
        rounds: ROUNDS,
        harmed: await count(ROUNDS, round => tellsTooEarly(folder, round, publishWithin)),
        harm: 'Redis was killed at the message, and the commit was not on disk',
      },
      {
        whose: 'ours',
        what: 'tell by a stream, to readers that ask for what comes next',
        rounds: ROUNDS,
        harmed: await count(ROUNDS, round => tellsTooEarly(folder, ROUNDS + round, answerWithin)),
        harm: 'Redis was killed at the message, and the commit was not on disk',
      },
    ];
  },
};

const publishWithin: Way = {
  commit: COMMIT_AND_PUBLISH,
  listen: `SUBSCRIBE ${CHANNEL}\r\n`,
  backlog: fillUp,
};

/** Who asks for the next entry has read the one before: nothing is on its way to it. */
const answerWithin: Way = {
  commit: COMMIT_AND_ANSWER,
  listen: `XREAD BLOCK 0 STREAMS ${STREAM} $\r\n`,
  backlog: async () => {},
};

async function tellsTooEarly(folder: string, sequence: number, way: Way): Promise<boolean> {
  const server = await startPrivateRedis(folder, join(folder, 'log'));
  const [blocker, committer, latecomer, filler] = await Promise.all(
    [0, 0, 0, 0].map(async () => {
      const redis = connectOnce(redisAt(server.url));
      redis.on('error', () => {});
      await redis.connect();
      return redis;
    }),
  );
  const listener = await listen(server.url, way);
  await way.backlog(filler!);

  const told = seen(listener, `done ${sequence}`);
  const underWay = [blocker!.eval(KEEP_BUSY, 0)];
  await sleep(STEP_MS);
  underWay.push(committer!.eval(way.commit, 0, sequence));
  await sleep(STEP_MS);
  listener.resume();
  await sleep(STEP_MS);
  underWay.push(latecomer!.eval(KEEP_BUSY, 0));
  for (const outcome of underWay) outcome.catch(() => {});
  await told;
  process.kill(server.pid, 'SIGKILL');
  for (const redis of [blocker, committer, latecomer, filler]) redis!.disconnect();
  listener.destroy();
  return !(await isKept(folder, sequence));
}

/** A bare socket, since it must stop reading. */
async function listen(url: string, { listen }: Way): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(listen);
  await sleep(STEP_MS);
  socket.pause();
  return socket;
}

/** Publishes until the subscriber's socket takes no more. */
async function fillUp(redis: Redis): Promise<void> {
  while (!/ sub=1 .* o(?:ll|mem)=[1-9]/.test((await redis.client('LIST')) as string)) {
    await redis.publish(CHANNEL, FILLER);
  }
}

function seen(socket: Socket, message: string): Promise<void> {
  return new Promise(resolve => {
    let tail = '';
    socket.on('data', chunk => {
      tail = (tail + chunk.toString('latin1')).slice(-FILLER.length);
      if (tail.includes(message)) resolve();
    });
    socket.on('error', () => {});
  });
}

async function isKept(folder: string, sequence: number): Promise<boolean> {
  const server = await startPrivateRedis(folder, join(folder, 'log'));
  const redis = connectOnce(redisAt(server.url));
  await redis.connect();
  const entries = await redis.xrange(KEY, `${sequence}-0`, `${sequence}-0`);
  redis.disconnect();
  await server.stop();
  return entries.length === 1;
}
