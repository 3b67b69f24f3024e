/**
 * Tells everybody what a durable batch did. Catalog and market messages go before the answers, so that whoever gets an
 * answer on the same connection has already seen what it did to the market. Publications may be lost: readers see the
 * gap in the update ids and ask again, and a lost answer is an unknown outcome.
 */
import type { Redis } from 'ioredis';
import { encodeAnswer } from '../shared/domain/answers.js';
import { encodeMarketMessage } from '../shared/domain/codec.js';
import type { Keys } from '../shared/io/keys.js';
import type { Publications } from './batch.js';

export function publish(redis: Redis, keys: Keys, publications: Publications): void {
  for (const [channel, message] of messages(keys, publications)) {
    redis.publish(channel, message).catch(() => {});
  }
}

function* messages(
  keys: Keys,
  { replies, markets, assets, changedMarkets }: Publications,
): Iterable<[string, string]> {
  if (assets.length + changedMarkets.length > 0) {
    yield [keys.catalog, JSON.stringify(encodeAnswer({ kind: 'CATALOG', assets, markets: changedMarkets }))];
  }
  for (const message of markets) yield [keys.market(message.market), encodeMarketMessage(message)];
  for (const [instance, answers] of replies) yield [keys.reply(instance), JSON.stringify(answers)];
}
