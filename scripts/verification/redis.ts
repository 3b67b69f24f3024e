/** Redis: of the same exchange as Postgres, and no further back than its own journal. */
import { fromStreamFields } from '../../shared/domain/codec.js';
import { type Check, check, counted } from './check.js';
import type { Evidence } from './evidence.js';

export function checkRedis(evidence: Evidence): Promise<Check> {
  return check('Redis', async () => {
    const { redis, keys, watermark } = evidence;
    const exchangeId = await redis.get(keys.exchangeId);
    if (exchangeId !== watermark.exchangeId)
      throw new Error(`it holds exchange ${exchangeId}, Postgres exchange ${watermark.exchangeId}`);
    const [newest] = await redis.xrevrange(keys.journal, '+', '-', 'COUNT', 1);
    const head = await redis.get(keys.head);
    if (newest !== undefined) assertReaches(head, fromStreamFields(newest[1]).head);
    const deadLetters = await redis.llen(keys.deadLetters);
    return `exchange ${exchangeId}, head ${head}, ${counted(deadLetters, 'dead letters')}`;
  });
}

/** Neither the epoch nor the batch of a head ever goes back. */
function assertReaches(head: string | null, journaled: string): void {
  const [epoch, batch] = partsOf(head ?? '0:0');
  const [journaledEpoch, journaledBatch] = partsOf(journaled);
  if (epoch < journaledEpoch || batch < journaledBatch)
    throw new Error(`its head is ${head}, its journal ends with the batch of head ${journaled}`);
}

function partsOf(head: string): [epoch: number, batch: number] {
  const [epoch, batch] = head.split(':');
  return [Number(epoch), Number(batch)];
}
