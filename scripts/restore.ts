/**
 * `npm run restore -- --yes`: begins again from nothing but Postgres, after Redis has lost its data for good (D3).
 *
 * Guarantees: the exchange then stands exactly at Postgres' watermark; what was acknowledged after that is lost, and it
 * says so first. Nothing is touched without `--yes`, while an engine leads, or where Redis still has all that Postgres
 * knows. Should the lost Redis turn up later, it is another exchange's: going back to it is refused.
 */
import { randomUUID } from 'node:crypto';
import { readConfig } from '../shared/io/config.js';
import { Journal } from '../shared/io/journal.js';
import { type Keys, keysOf } from '../shared/io/keys.js';
import { type Connections, withConnections } from './running/connections.js';
import { exitWith, Refusal } from './running/refusal.js';
import { withStores } from './running/stores.js';

interface Checkpoint {
  sequence: bigint;
  head: string;
  exchange_id: string;
}

try {
  await withStores(readConfig(), stores =>
    withConnections(stores, connections => restore(connections, stores.namespace)),
  );
  process.exit();
} catch (error) {
  exitWith(error);
}

async function restore(connections: Connections, namespace: string): Promise<void> {
  const keys = keysOf(namespace);
  const { rows } = await connections.pool.query<Checkpoint>(
    'SELECT sequence, head, exchange_id FROM watermark',
  );
  const checkpoint = rows[0]!;
  await assertLost(connections, keys, checkpoint);
  if (process.argv[2] !== '--yes') {
    throw new Refusal(
      `This begins again at sequence ${checkpoint.sequence}, which is what Postgres holds. Everything after it is ` +
        'lost for good, also what was acknowledged: run `npm run restore -- --yes` if you want that.',
    );
  }
  await beginAgain(connections, keys, checkpoint);
  console.log(
    `The exchange stands at sequence ${checkpoint.sequence}. Start it, or let it start its engine again.`,
  );
}

async function assertLost({ redis }: Connections, keys: Keys, checkpoint: Checkpoint): Promise<void> {
  if ((await redis.exists(keys.leader)) === 1) throw new Refusal('An engine leads, so nothing is lost.');
  const { first, last } = await new Journal(redis, keys.journal).extent();
  const reaches = first <= checkpoint.sequence + 1n && last >= checkpoint.sequence;
  const isSame = (await redis.get(keys.exchangeId)) === checkpoint.exchange_id;
  const hasHead = checkpoint.sequence === 0n || (await redis.exists(keys.head)) === 1;
  if (isSame && hasHead && reaches)
    throw new Refusal(
      'Redis has all that Postgres knows, so there is nothing to restore: start the exchange.',
    );
}

/** Redis first: stopped in between, the two have different ids, and this can be done again. */
async function beginAgain({ redis, pool }: Connections, keys: Keys, checkpoint: Checkpoint): Promise<void> {
  const { sequence, head } = checkpoint;
  const exchangeId = randomUUID();
  const { commands, journal, reports, feed, draining, attempts, standbys } = keys;
  const again = redis.multi().del(commands, journal, reports, feed, draining, attempts, standbys);
  // An empty journal that ends where Postgres is.
  if (sequence > 0n) again.xadd(journal, `${sequence}-0`, 'restored', '').xtrim(journal, 'MAXLEN', 0);
  await again
    .set(keys.head, successor(head, await redis.get(keys.head)))
    .set(keys.exchangeId, exchangeId)
    .exec();
  await pool.query('UPDATE watermark SET exchange_id = $1', [exchangeId]);
}

/** The head of an epoch after both, so that no engine of before can commit. */
function successor(stored: string, found: string | null): string {
  const epochOf = (head: string) => Number(head.split(':')[0]);
  const epoch = Math.max(epochOf(stored), epochOf(found ?? '0:0')) + 1;
  return `${epoch}:${stored.split(':')[1]}`;
}
