/** What an engine tells by the feed, for a test that has none. */
import type { Redis } from 'ioredis';
import type { Keys } from '../shared/io/keys.js';

const TELL = `
  local epoch, batch = string.match(redis.call('GET', KEYS[1]) or '1:0', '(%d+):(%d+)')
  redis.call('XADD', KEYS[2], epoch .. '-' .. batch + 1, unpack(ARGV))
  redis.call('SET', KEYS[1], epoch .. ':' .. batch + 1)`;

/** As the next batch. @param fields names and values of its entry */
export async function tell(
  redis: Redis,
  { head, feed }: Keys,
  ...fields: (string | Buffer)[]
): Promise<void> {
  await redis.eval(TELL, 2, head, feed, ...fields);
}
