/**
 * Tells everybody what a durable batch did. Market messages go first, so that a catalog's update ids name nothing that
 * its reader has not been sent; the answers go last, so that whoever gets one on the same connection has already seen
 * what it did. Publications may be lost: readers see the gap in the update ids and ask again, and a lost answer is an
 * unknown outcome.
 */
import type { Redis } from 'ioredis';
import { encodeMarketMessage } from '../shared/domain/publications.js';
import type { Keys } from '../shared/io/keys.js';
import type { Publications } from './batch.js';

export function publish(redis: Redis, keys: Keys, publications: Publications): void {
  const pipeline = redis.pipeline();
  for (const [channel, message] of messages(keys, publications)) pipeline.publish(channel, message);
  pipeline.exec().catch(() => {});
}

function* messages(
  keys: Keys,
  { replies, markets, listings }: Publications,
): Iterable<[string, string | Buffer]> {
  for (const message of markets) yield [keys.market(message.market), encodeMarketMessage(message)];
  for (const listing of listings) yield [keys.catalog, listing];
  for (const [instance, message] of replies) yield [keys.reply(instance), message];
}
