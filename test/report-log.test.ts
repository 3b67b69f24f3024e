/** Reports come from the feed and from the stream that keeps them: however the two overtake each other, once and in order. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import type { Feed, FeedListener } from '../api/feed.js';
import { ReportLog } from '../api/report-log.js';
import { keysOf } from '../shared/io/keys.js';
import { connectPatiently, type RedisServer, redisAt } from '../shared/io/redis.js';
import { ascii } from './ascii.js';
import { eventually } from './ws-client.js';

const REDIS_URL = process.env.REDIS_URL!;

/** A report log whose feed is in the test's hand, and which gets what it reads when the test lets it. */
async function world(t: Test) {
  const { reports: key } = keysOf(`report_log_${randomBytes(6).toString('hex')}`);
  const redis = connectPatiently(redisAt(REDIS_URL));
  let held = Promise.resolve();
  const slowRedis: RedisServer = options => {
    const slow = redisAt(REDIS_URL)(options);
    const read = slow.xreadBuffer.bind(slow) as (...args: unknown[]) => Promise<never>;
    slow.xreadBuffer = (async (...args: unknown[]) => {
      const answer = await read(...args);
      await held;
      return answer;
    }) as typeof slow.xreadBuffer;
    return slow;
  };
  /** Until the function that it gives is called. */
  const holdUp = () => {
    let release = () => {};
    held = new Promise(resolve => {
      release = resolve;
    });
    return release;
  };
  let feed: FeedListener = {};
  const reports = new ReportLog({
    feed: {
      listen(listener: FeedListener) {
        feed = listener;
      },
    } as Feed,
    redis: slowRedis,
    key,
    log: pino({ level: 'silent' }),
  });
  const heard: (number | 'missed')[] = [];
  reports.listen({ reported: ({ seq }) => heard.push(seq), missed: () => heard.push('missed') });
  t.teardown(async () => {
    reports.stop();
    await redis.del(key);
    redis.disconnect();
  });
  /** Of sequences that are `seq`s as well. */
  const keep = async (...sequences: number[]) => {
    for (const seq of sequences) await redis.xadd(key, `${seq}-0`, 'reports', reportOf(seq));
  };
  const tell = (...sequences: number[]) => {
    for (const seq of sequences) feed.reports?.(reportOf(seq), seq);
  };
  const current = () => eventually(() => reports.isCurrent);
  return { redis, holdUp, key, feed, reports, heard, keep, tell, current };
}

function reportOf(seq: number): Buffer {
  return ascii(`1001 ${seq} ["balance",5,"BTC","1","0","1","DEPOSIT"]`);
}

t.test('what was kept is read, then the feed is heard', async t => {
  const { feed, reports, heard, keep, tell, current } = await world(t);
  await keep(1, 2);
  t.equal(reports.isCurrent, false);
  feed.connected!();
  await current();
  await keep(3);
  tell(3);
  t.same(heard, [1, 2, 3]);
  feed.lost!();
  t.equal(reports.isCurrent, false);
  await keep(4, 5);
  tell(5);
  t.same(heard, [1, 2, 3], 'nothing is heard of a feed that is lost');
  feed.connected!();
  await current();
  t.same(heard, [1, 2, 3, 4, 5]);
});

t.test('what is told while the stream is read, and is not in what was read', async t => {
  const { holdUp, feed, heard, keep, tell, current } = await world(t);
  await keep(1);
  const release = holdUp();
  feed.connected!();
  await sleep(100);
  await keep(2);
  tell(2);
  release();
  await current();
  await keep(3);
  tell(3);
  t.same(heard, [1, 2, 3]);
});

t.test('what was read and is told after that', async t => {
  const { feed, heard, keep, tell, current } = await world(t);
  await keep(1, 2);
  feed.connected!();
  await current();
  tell(1, 2);
  await keep(3);
  tell(3);
  t.same(heard, [1, 2, 3]);
});

t.test('what was told is no longer kept', async t => {
  const { redis, key, feed, heard, keep, tell, current } = await world(t);
  feed.connected!();
  await current();
  await keep(1);
  tell(1);
  feed.lost!();
  await keep(2, 3);
  await redis.xtrim(key, 'MAXLEN', 0);
  feed.connected!();
  tell(3);
  await current();
  tell(4);
  t.same(heard, [1, 'missed', 4]);
});

t.test('an exchange that has begun again, and not come as far yet', async t => {
  const { redis, key, feed, heard, keep, tell, current } = await world(t);
  await keep(7, 8);
  feed.connected!();
  await current();
  feed.lost!();
  await redis.del(key);
  await keep(3, 4);
  feed.connected!();
  await current();
  await keep(5);
  tell(5);
  t.same(heard, [7, 8, 'missed', 3, 4, 5]);
});
