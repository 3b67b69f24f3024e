/** The state hash sees every field of every entity, and money on the wrong account (docs: a running state hash). */
import t from 'tap';
import { Exchange } from '../engine/core/exchange.js';
import type { Image } from '../shared/domain/codec.js';
import type { Command, PlaceOrder } from '../shared/domain/commands.js';
import { ENTITY_KINDS, FIRST_USER } from '../shared/domain/entities.js';
import { GENESIS } from '../shared/domain/genesis.js';
import { nameOf, Recorded } from './recorded.js';

const BUYER = FIRST_USER;
const SELLER = FIRST_USER + 1;
const TIMING = { time: 1_700_000_000_000, deadline: 1_700_000_001_000 };
/** Where an order must be loadable with it; any other text gets an X more. */
const OTHER_TEXT: Readonly<Record<string, string>> = {
  BTC_USDT: 'ETH_USDT',
  ETH_USDT: 'ADA_USDT',
  BUY: 'SELL',
  SELL: 'BUY',
  LIMIT: 'LIMIT_MAKER',
  GTC: 'IOC',
  NONE: 'EXPIRE_TAKER',
  NEW: 'PARTIALLY_FILLED',
  PARTIALLY_FILLED: 'NEW',
};

const order: PlaceOrder = {
  account: BUYER,
  market: 'BTC_USDT',
  clientOrderId: 'b1',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  selfTradePrevention: 'NONE',
  price: 10_000,
  quantity: 200_000,
  quoteQuantity: null,
};

const SESSION: readonly Command[] = [
  ...GENESIS,
  { kind: 'DEPOSIT', body: { account: BUYER, asset: 'USDT', amount: 10n ** 11n, key: 'k1' } },
  { kind: 'DEPOSIT', body: { account: SELLER, asset: 'BTC', amount: 10n ** 9n, key: null } },
  { kind: 'PLACE_ORDER', body: order },
  {
    kind: 'PLACE_ORDER',
    body: { ...order, account: SELLER, side: 'SELL', clientOrderId: 's1', quantity: 50_000 },
  },
];

const CHECKPOINT = checkpointOf(SESSION);
const HASH = hashOf(CHECKPOINT);

t.test('the checkpoint has an entity of every kind', async t => {
  t.strictSame(new Set(CHECKPOINT.map(({ kind }) => kind)), new Set(ENTITY_KINDS));
});

t.test('another value of any field is another hash', async t => {
  const markets = CHECKPOINT.filter(({ kind }) => kind === 'market');
  for (const image of CHECKPOINT) {
    const hashAlone = (image: Image) => hashOf(image.kind === 'order' ? [...markets, image] : [image]);
    const hashes = new Map([[hashAlone(image), 'nothing changed']]);
    for (const field of Object.keys(image.entity)) {
      for (const changed of withOthers(image, field)) {
        const hash = hashAlone(changed);
        const what = `${field} of ${nameOf(image)}`;
        t.equal(hashes.get(hash), undefined, what);
        hashes.set(hash, what);
      }
    }
  }
});

t.test('the same money on another account is another hash', async t => {
  const moved = CHECKPOINT.map(image => {
    if (image.kind !== 'balance' || image.entity.asset !== 'BTC') return image;
    const { account } = image.entity;
    if (account !== BUYER && account !== SELLER) return image;
    return { ...image, entity: { ...image.entity, account: account === BUYER ? SELLER : BUYER } };
  });
  t.not(hashOf(moved), HASH);
});

t.test('available and locked, price and quantity, are not the same', async t => {
  const swapped = CHECKPOINT.map((image): Image => {
    if (image.kind !== 'balance') return image;
    const { available, locked } = image.entity;
    return { ...image, entity: { ...image.entity, available: locked, locked: available } };
  });
  t.not(hashOf(swapped), HASH);
});

t.test('the order in which entities come changes nothing', async t => {
  const balances = CHECKPOINT.filter(({ kind }) => kind === 'balance').reverse();
  const before = CHECKPOINT.filter(({ kind }) => ['exchange', 'asset', 'market', 'account'].includes(kind));
  const after = CHECKPOINT.filter(({ kind }) => ['order', 'idempotencyKey'].includes(kind));
  t.equal(hashOf([...before, ...balances, ...after]), HASH);
});

function checkpointOf(commands: readonly Command[]): Image[] {
  const run = Recorded.fresh();
  for (const command of commands) run.execute({ command, timing: TIMING });
  run.endBatch();
  return run.checkpoint();
}

function hashOf(checkpoint: readonly Image[]): string {
  const exchange = new Exchange(() => {});
  for (const image of checkpoint) exchange.load(image);
  return exchange.endBatch().stateHash;
}

/** The image with other values in one field. */
function withOthers(image: Image, field: string): Image[] {
  const value: unknown = (image.entity as unknown as Record<string, unknown>)[field];
  return others(value).map(other => ({ ...image, entity: { ...image.entity, [field]: other } }) as Image);
}

/** The next value, and one that differs in the upper half only. */
function others(value: unknown): unknown[] {
  switch (typeof value) {
    case 'number':
      return [value + 1, value + 2 ** 32];
    case 'bigint':
      return [value + 1n, value + 2n ** 32n];
    case 'boolean':
      return [!value];
    case 'string':
      return [OTHER_TEXT[value] ?? `${value}X`];
    default:
      return [1n];
  }
}
