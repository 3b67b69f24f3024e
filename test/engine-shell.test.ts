/**
 * The engine's shell against real servers: a commit acts once and only for the leader, tells what it did in the same step,
 * and a start refuses whatever is not the state that was acknowledged.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { LIST_LIMIT } from '../api/engine-client.js';
import { Admission } from '../engine/admission.js';
import { type AppliedBatch, BatchMaker, noCommands } from '../engine/batch.js';
import { Clock } from '../engine/clock.js';
import { CommandLog, type Taken } from '../engine/command-log.js';
import { Leader } from '../engine/leader.js';
import { Machine } from '../engine/machine.js';
import { recover } from '../engine/recovery.js';
import { replayBatch } from '../engine/replay.js';
import { planOf } from '../scripts/sim/plan.js';
import {
  decodeCommands,
  encodeRequest,
  type JournalBatch,
  LOGIC,
  toStreamFields,
} from '../shared/domain/codec.js';
import { GENESIS } from '../shared/domain/genesis.js';
import { keysOf, REPORTED_COMMANDS } from '../shared/io/keys.js';
import { createLogger } from '../shared/io/log.js';
import { connectPatiently, redisAt } from '../shared/io/redis.js';
import { ascii, replaced } from './ascii.js';
import { withPush } from './push.js';
import { type Stack, startStack } from './stack.js';
import { TcpProxy } from './tcp-proxy.js';
import { eventually } from './ws-client.js';

const REDIS_URL = process.env.REDIS_URL!;
const LEASE_MS = 200;
const log = createLogger('engine-shell', 'silent');

async function world(t: Test, batchEntries?: number) {
  const keys = keysOf(`shell_${randomBytes(6).toString('hex')}`);
  const redis = connectPatiently(redisAt(REDIS_URL));
  const proxy = await TcpProxy.start(REDIS_URL);
  const commandLog = new CommandLog(redisAt(proxy.url), keys, log, batchEntries);
  t.teardown(async () => {
    commandLog.interrupt();
    commandLog.close();
    proxy.close();
    await redis.del(...Object.values(keys).filter(key => typeof key === 'string'));
    redis.disconnect();
  });
  await eventually(async () => (await commandLog.lead('a', LEASE_MS).catch(() => null)) !== null);
  /** All that a commit may change. */
  const state = async () => ({
    head: await redis.get(keys.head),
    journal: (await redis.xrange(keys.journal, '-', '+')).map(([id]) => id),
    commands: await redis.lrange(keys.commands, 0, -1),
    deadLetters: await redis.lrange(keys.deadLetters, 0, -1),
  });
  return { keys, redis, proxy, commandLog, state };
}

t.test(
  'what is journaled can be replayed, wherever the wall clock is and however far the deadline',
  async t => {
    for (const driftMs of [-86_400_000, -1, 0, 1, 86_400_000]) {
      const clock = new Clock(0);
      clock.drift = () => driftMs;
      const parts = { machine: new Machine(), clock, admission: new Admission() };
      const entries = [0, Number.MAX_SAFE_INTEGER].map(deadline =>
        encodeRequest({ requestId: 1, replyTo: 'a', deadline, request: GENESIS[0]! }),
      );
      const { journal } = new BatchMaker(parts).apply(entries, { head: '1:1', after: 0 });
      const replayed = new Machine();
      replayBatch(replayed, journal!);
      t.equal(replayed.exchange.stateHash, parts.machine.exchange.stateHash, `${driftMs} ms`);
    }
  },
);

/** A batch as what can be compared after the next one was applied. */
function readable({ journal, reports, publications, ...counts }: AppliedBatch) {
  return JSON.stringify({
    ...counts,
    journal: journal && { ...journal, ...mapBytes(journal) },
    reports: reports.toString(),
    publications: { ...publications, replies: Array.from(publications.replies, reply => reply.map(String)) },
  });
}

function mapBytes({ commands, events, images }: JournalBatch) {
  return { commands: commands.toString(), events: events.toString(), images: images.toString() };
}

/** A machine of its own, whose time stands still. */
function stillParts() {
  const clock = new Clock(0);
  clock.now = () => 1;
  clock.drift = () => 0;
  const machine = new Machine();
  machine.startReporting();
  return { machine, clock, admission: new Admission() };
}

t.test('a batch tells nothing of those before it', async t => {
  const requests = [...GENESIS, ...planOf(3).asked.map(({ request }) => request)];
  const asked = requests.map((request, i) =>
    encodeRequest({ requestId: i, replyTo: `api${i % 3}`, deadline: Number.MAX_SAFE_INTEGER, request }),
  );
  const entries = asked.flatMap((entry, i) => (i % 5 === 0 ? [entry, 'rubbish'] : [entry]));
  const maker = new BatchMaker(stillParts());
  const parts = stillParts();
  for (const [i, entry] of entries.entries()) {
    const place = { head: `1:${i}`, after: 0 };
    const batch = readable(maker.apply([entry], place));
    const expected = readable(new BatchMaker(parts).apply([entry], place));
    if (batch !== expected) t.equal(batch, expected, `after ${i} entries`);
  }
  t.ok(entries.length > 50);
});

const EMPTY_MESSAGE = { time: 1, firstUpdateId: 1, lastUpdateId: 1, bids: [], asks: [], trades: [] };

/** What comes with the answer to a commit. */
const taken = (...entries: string[]): Taken => ({ entries, draining: false });

/** A batch that took so many entries and sequenced the commands up to `last`. */
function batchOf(taken: number, last: number, deadLetters: AppliedBatch['deadLetters'] = []): AppliedBatch {
  const text = { commands: ascii(''), events: ascii('[]'), images: ascii('[]'), stateHash: '' };
  const journal: JournalBatch = { logic: 1, head: '', first: 1, last, end: 0, ...text };
  return {
    taken,
    executed: noCommands(),
    refused: noCommands(),
    journal,
    reports: ascii(''),
    deadLetters,
    publications: { replies: new Map(), markets: [], listings: [] },
  };
}

t.test('reports are committed with their batch, and as many are kept as commands need', async t => {
  const { commandLog, redis, keys } = await world(t);
  await redis.rpush(keys.commands, 'a', 'b', 'c');
  const kept = async () =>
    (await redis.xrange(keys.reports, '-', '+')).map(([id, [, text]]) => `${id} ${text}`);
  await commandLog.commit('1:0', '1:1', { ...batchOf(1, 1), reports: ascii('1001 1 x') });
  await commandLog.commit('1:0', '1:1', { ...batchOf(1, 1), reports: ascii('1001 1 x') });
  t.same(await kept(), ['1-0 1001 1 x'], 'once, however often it was sent');
  await commandLog.commit('1:1', '1:2', batchOf(1, 2));
  t.same(await kept(), ['1-0 1001 1 x'], 'a batch without reports');
  await t.rejects(commandLog.commit('0:1', '0:2', { ...batchOf(1, 3), reports: ascii('y') }), {
    message: /^FENCED/,
  });
  t.same(await kept(), ['1-0 1001 1 x'], 'who is fenced reports nothing');
  let head = 2;
  for (let last = 3; last < 600; last++) {
    const batch = { ...batchOf(0, last * REPORTED_COMMANDS), reports: ascii('1001 2 z') };
    await commandLog.commit(`1:${head}`, `1:${++head}`, batch);
  }
  t.ok((await kept()).length < 300, 'those long past are trimmed, some at a time');
});

t.test('a commit journals, trims, moves the head and takes the next entries in one step', async t => {
  const { commandLog, redis, keys, state } = await world(t);
  await redis.rpush(keys.commands, 'a', 'rubbish', 'c', 'd');
  t.same(await commandLog.take('1:0'), taken('a', 'rubbish', 'c', 'd'));
  t.same((await state()).commands, ['a', 'rubbish', 'c', 'd'], 'what is taken stays in the list');
  const batch = batchOf(2, 1, [{ entry: 'rubbish', reason: 'no JSON' }]);
  await redis.rpush(keys.commands, 'e');
  t.same(await commandLog.commit('1:0', '1:1', batch), taken('e'), 'those behind what is known');
  const after = { head: '1:1', journal: ['1-0'], commands: ['c', 'd', 'e'], deadLetters: ['rubbish'] };
  t.same(await state(), after);

  t.same(await commandLog.commit('1:0', '1:1', { ...batch, taken: 0 }), taken(), 'the same again');
  t.same(await state(), after, 'acts once');
  await t.rejects(commandLog.commit('1:0', '1:2', batch), /FENCED/, 'another successor of the same head');
  await t.rejects(
    commandLog.commit('1:1', '1:2', batchOf(1, 1)),
    /XADD/,
    'a sequence that was journaled before',
  );
  t.same(await state(), after, 'what is refused changes nothing');

  const queriesOnly: AppliedBatch = { ...batchOf(3, 1), journal: undefined };
  t.same(await commandLog.commit('1:1', '1:2', queriesOnly), taken());
  t.same(
    await state(),
    { ...after, head: '1:2', commands: [] },
    'queries advance the head and leave no trace',
  );
});

t.test('entries are taken up to a bound of bytes, one however large', async t => {
  const { commandLog, redis, keys } = await world(t);
  const [large, small] = ['x'.repeat(1_500_000), 'y'.repeat(600_000)];
  await redis.rpush(keys.commands, large, small, small);
  t.same(await commandLog.take('1:0'), taken(large));
  await redis.lpop(keys.commands);
  t.same(await commandLog.take('1:0'), taken(small));
});

for (const [what, end] of [
  ['its connection', (proxy: TcpProxy) => proxy.cut()],
  ['nothing else, on a connection that stays and says no more', () => {}],
] as const) {
  t.test(`a commit whose answer is lost, and ${what}, is sent again and acts once`, async t => {
    const { commandLog, redis, keys, proxy, state } = await world(t);
    await redis.rpush(keys.commands, 'a', 'b');
    proxy.mute(true);
    const committing = commandLog.commit('1:0', '1:1', batchOf(1, 1));
    await eventually(async () => (await redis.get(keys.head)) === '1:1');
    proxy.mute(false);
    end(proxy);
    t.same(await committing, taken('b'));
    t.same(await state(), { head: '1:1', journal: ['1-0'], commands: ['b'], deadLetters: [] });
  });
}

t.test(
  'a commit takes out of the list what it took, also where Redis has lost that and has other entries',
  async t => {
    const { commandLog, redis, keys, proxy } = await world(t);
    await redis.rpush(keys.commands, 'a', 'b', 'c');
    await commandLog.take('1:0');
    const restartWith = async (...entries: string[]) => {
      await redis.del(keys.commands);
      await redis.rpush(keys.commands, ...entries);
      proxy.cut();
    };
    await restartWith('d', 'e');
    t.same(await commandLog.commit('1:0', '1:1', batchOf(3, 1)), taken('d', 'e'));
    await restartWith('e', 'f');
    t.same(await commandLog.commit('1:1', '1:2', batchOf(2, 2)), taken('f'), 'one of them was still there');
    await redis.rpush(keys.commands, 'g');
    t.same(await commandLog.commit('1:2', '1:3', batchOf(1, 3)), taken('g'));
  },
);

t.test('two batches of entries are known at most, and none is given twice', async t => {
  const { commandLog, redis, keys, proxy, state } = await world(t, 2);
  await redis.rpush(keys.commands, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
  t.same(await commandLog.take('1:0'), taken('a', 'b', 'c', 'd'));
  t.same(await commandLog.commit('1:0', '1:1', batchOf(2, 1)), taken('e', 'f'));
  t.same(await commandLog.commit('1:1', '1:2', batchOf(1, 2)), taken('g'));
  t.same(
    await commandLog.commit('1:1', '1:2', batchOf(0, 2)),
    taken(),
    'the same again, and as many are known',
  );

  await redis.del(keys.commands);
  await redis.rpush(keys.commands, 'e', 'f', 'i', 'j');
  proxy.cut();
  t.same(await commandLog.commit('1:2', '1:3', batchOf(1, 3)), taken('i', 'j'), 'behind what Redis has kept');
  t.same((await state()).commands, ['e', 'f', 'i', 'j'], 'from which it takes nothing that it did not take');
  t.same(await commandLog.commit('1:3', '1:4', batchOf(3, 4)), taken());
  t.same((await state()).commands, ['i', 'j'], 'also of what it took later');
  t.same(await commandLog.commit('1:4', '1:5', batchOf(2, 5)), taken());
  t.same((await state()).commands, []);
});

t.test('a list of many batches is executed once and in order, through lost connections', async t => {
  const { commandLog, redis, keys, proxy } = await world(t, 8);
  const entries = Array.from({ length: 1000 }, (_, requestId) => {
    const body = { account: 1001, asset: 'USDT', amount: 1n, key: `${requestId}` };
    const request = { kind: 'DEPOSIT', body } as const;
    return encodeRequest({ requestId, replyTo: 'a', deadline: Number.MAX_SAFE_INTEGER, request });
  });
  await redis.rpush(keys.commands, ...entries);
  const parts = { ...stillParts(), commandLog, keys, log, onBatch: () => {} };
  const leader = new Leader(parts, '1:0');
  const running = leader.run();
  for (const left of [900, 600, 300]) {
    await eventually(async () => (await redis.llen(keys.commands)) <= left);
    proxy.cut();
  }
  await eventually(async () => (await redis.llen(keys.commands)) === 0);
  leader.stop();
  await running;
  const executed: string[] = [];
  for await (const { commands } of commandLog.journal.after(GENESIS.length))
    executed.push(...decodeCommands(commands).map(({ entry }) => entry));
  t.same(executed, entries);
});

t.test('a wake-up brings what is at the front of the list, and nothing else', async t => {
  const { commandLog, redis, keys } = await world(t);
  const push = (...entries: string[]) => withPush(redis, keys)(LIST_LIMIT, ...entries);
  const subscribed = async () => Number((await redis.pubsub('NUMSUB', keys.wake))[1]) === 1;
  await eventually(subscribed);

  const waiting = commandLog.wait('1:0');
  await push('a', 'b');
  t.same(await waiting, ['a', 'b']);
  await push('c');
  t.same(await commandLog.wait('1:0'), ['a', 'b'], 'as long as nothing was committed');
  t.same(await commandLog.commit('1:0', '1:1', batchOf(2, 1)), taken('c'), 'a commit takes out as many');
  t.same(await commandLog.wait('1:1'), [], 'and what was brought before it is over');

  await redis.del(keys.commands);
  const late = commandLog.wait('1:2');
  await push('d');
  t.same(await late, [], 'brought at another head, it may be gone from the list');
  t.same(await commandLog.take('1:1'), taken('d'));
  t.same(await commandLog.wait('1:1'), [], 'what was read since is not brought again');

  for (const [what, ...entries] of [
    ['more than a few', ...Array<string>(65).fill('e')],
    ['no lines', 'f\ng', 'h'],
  ] as [string, ...string[]][]) {
    await redis.del(keys.commands);
    const waiting = commandLog.wait('1:1');
    await push(...entries);
    t.same(await waiting, [], what);
    t.same(await commandLog.take('1:1'), taken(...entries));
  }
});

t.test('a read whose answer never comes, on a connection that stays, is asked again', async t => {
  const { commandLog, proxy } = await world(t);
  proxy.mute(true);
  const reading = commandLog.journal.extent();
  await sleep(50);
  proxy.mute(false);
  t.same(await reading, { first: 1, last: 0, bytes: 0, end: 0 });
});

t.test('who asks to lead on a connection that stays and says no more, leads on the next one', async t => {
  const { commandLog, proxy } = await world(t);
  proxy.mute(true);
  await t.rejects(commandLog.lead('b', LEASE_MS), 'the connection is given up');
  proxy.mute(false);
  await eventually(async () => (await commandLog.lead('b', LEASE_MS).catch(() => null)) !== null);
});

t.test('one engine leads; after its lease another one, and the first can never write again', async t => {
  const { commandLog, redis, keys, state } = await world(t);
  t.equal(await commandLog.lead('b', LEASE_MS), null, 'while the lease holds');
  t.equal(await commandLog.renew('b', LEASE_MS), false);
  t.equal(await commandLog.renew('a', LEASE_MS), true);
  await sleep(LEASE_MS + 50);
  t.equal(await commandLog.lead('b', LEASE_MS), '2:0');
  await redis.rpush(keys.commands, 'entry');
  const before = await state();
  await t.rejects(commandLog.commit('1:0', '1:1', batchOf(1, 1)), /FENCED/);
  await t.rejects(commandLog.take('1:0'), /FENCED/);
  t.same(await state(), before);
  await commandLog.resign('a');
  t.equal(await redis.get(keys.leader), 'b', 'who does not lead cannot resign');
  await commandLog.resign('b');
  t.equal(await commandLog.lead('a', LEASE_MS), '3:0', 'at once after a resignation');
});

/** A leader whose list begins with entries, and whose commits are answered by hand. */
function answeredByHand(batchEntries: number, ...entries: string[]) {
  const committed: string[] = [];
  let answerCommit: (next: Taken) => void = () => {};
  const commandLog = {
    batchEntries,
    journal: { extent: async () => ({ first: 1, last: 0, bytes: 0, end: 0 }) },
    commit: (predecessor: string, head: string, { taken }: AppliedBatch) => {
      committed.push(`${predecessor} ${head} ${taken}`);
      return new Promise<Taken>(resolve => {
        answerCommit = resolve;
      });
    },
    take: async () => taken(...entries),
    countAttempt: async () => 1,
    wait: () => new Promise(() => {}),
    interrupt: () => {},
  } as unknown as CommandLog;
  const parts = { ...stillParts(), commandLog, log, onBatch: () => {} };
  const answer = async (...further: string[]) => {
    answerCommit(taken(...further));
    await sleep(10);
  };
  return { leader: new Leader(parts, '1:0'), machine: parts.machine, committed, answer };
}

t.test('what a batch told is committed with it, once, and kept as long as there is room', async t => {
  const { commandLog, redis, keys } = await world(t);
  await redis.rpush(keys.commands, 'a', 'b', 'c');
  const kept = async () => (await redis.xrange(keys.feed, '-', '+')).map(([id, fields]) => [id, ...fields]);
  const batch = batchOf(1, 7);
  const message = { ...EMPTY_MESSAGE, market: 'BTC_USDT' };
  const told = {
    ...batch,
    reports: ascii('1001 1 x'),
    deadLetters: [{ entry: 'rubbish', reason: 'no JSON' }],
    publications: {
      listings: ['listing'],
      markets: [message],
      replies: new Map([['api', ascii('answers')]]),
    },
  };
  const entry = [
    ...['1-1', 'journal', '7-0', 'reports', '1001 1 x', 'market', JSON.stringify(message)],
    ...['catalog', 'listing', 'reply:api', 'answers'],
  ];
  await commandLog.commit('1:0', '1:1', told);
  await commandLog.commit('1:0', '1:1', told);
  t.same(await kept(), [entry]);
  t.same(await redis.lrange(keys.deadLetters, 0, -1), ['rubbish'], 'which is not taken for a dead letter');
  await t.rejects(commandLog.commit('0:1', '0:2', told), { message: /^FENCED/ });
  await commandLog.commit('1:1', '1:2', { ...batch, journal: undefined });
  t.same(await kept(), [entry, ['1-2', 'journal', '', 'reports', '']], 'also of a batch that tells nothing');

  const large = { ...batch, reports: Buffer.alloc(7_000_000, 'x') };
  const ids = async () => (await kept()).map(([id]) => id);
  for (const last of [8, 9])
    await commandLog.commit(`1:${last - 6}`, `1:${last - 5}`, {
      ...large,
      ...batchOf(0, last),
      reports: large.reports,
    });
  t.same(await ids(), ['1-1', '1-2', '1-3', '1-4']);
  await commandLog.commit('1:4', '1:5', { ...batchOf(0, 10), reports: large.reports });
  t.same(await ids(), ['1-4', '1-5'], '16 MB at most');
});

t.test('a full batch that waits is applied while one is committed, and committed after it', async t => {
  const deposits = ['a', 'b', 'c', 'd', 'e'].map(replyTo => {
    const body = { account: 1001, asset: 'USDT', amount: 1n, key: replyTo };
    const request = { kind: 'DEPOSIT', body } as const;
    return encodeRequest({ requestId: 1, replyTo, deadline: Number.MAX_SAFE_INTEGER, request });
  });
  const byHand = answeredByHand(2, ...deposits.slice(0, 4));
  const { leader, machine, committed, answer } = byHand;
  const executed = () => machine.exchange.sequence - GENESIS.length;
  void leader.run();
  await sleep(10);
  await answer();
  t.same([executed(), committed.at(-1)], [4, '1:1 1:2 2']);
  await answer(deposits[4]!);
  t.same([executed(), committed.at(-1)], [4, '1:2 1:3 2'], 'less than a full batch waits');
  await answer();
  t.same([executed(), committed.at(-1)], [5, '1:3 1:4 1']);
  t.equal(committed.length, 4);
});

/** An exchange with open orders, trades and keys, some of it only in the journal; its processes have ended. */
async function endedExchange(t: Test): Promise<Stack> {
  const stack = await startStack(t);
  const [buyer, seller] = [await stack.trader({ USDT: '1000' }), await stack.trader({ ADA: '500' })];
  const order = (token: string, side: string, price: string) =>
    stack.request('POST', '/api/v1/order', {
      token,
      body: { market: 'ADA_USDT', type: 'LIMIT', side, price, quantity: '10' },
    });
  for (const price of ['1', '1', '1.1']) await order(buyer.token, 'BUY', price);
  await stack.settled();
  await stack.kill('db-writer');
  await order(seller.token, 'SELL', '1.1');
  await order(seller.token, 'SELL', '2');
  await stack.stop('api', 'engine');
  return stack;
}

t.test('a start takes the state that was acknowledged, or refuses', async t => {
  const stack = await endedExchange(t);
  const { keys, redis, pool } = stack;
  const commandLog = new CommandLog(redisAt(REDIS_URL), keys, log);
  t.teardown(() => commandLog.close());
  const stores = { commandLog, keys, pool, log };
  const batches: JournalBatch[] = [];
  for await (const batch of commandLog.journal.after(0)) batches.push(batch);
  const last = batches.at(-1)!;

  const { exchange } = await recover(stores);
  t.same(
    [exchange.sequence, exchange.stateHash],
    [last.last, last.stateHash],
    'the state at the end of the journal',
  );
  exchange.audit();

  /** What recovery says of the stores while they are so changed. */
  const refuses = async (
    what: string,
    change: () => Promise<unknown>,
    undo: () => Promise<unknown>,
    says: RegExp,
  ) => {
    await change();
    await t.rejects(recover(stores), says, what);
    await undo();
  };
  const sql = (text: string) => () => pool.query(text);
  await refuses(
    'money that Postgres has made up',
    sql('UPDATE balances SET available = available + 1 WHERE account > 1000'),
    sql('UPDATE balances SET available = available - 1 WHERE account > 1000'),
    /hashes to/,
  );
  await refuses(
    'two orders that have changed places in their queue',
    sql(
      `UPDATE orders SET queue_place = queue_place + 100000 WHERE queue_place = (SELECT min(queue_place) FROM orders WHERE queue_place > 0)`,
    ),
    sql('UPDATE orders SET queue_place = queue_place - 100000 WHERE queue_place > 100000'),
    /hashes to/,
  );
  await redis.rename(keys.journal, `${keys.journal}-kept`);
  const newest = batches.at(-1)!;
  await refuses(
    'a journal that no longer reaches back to the checkpoint',
    () => redis.xadd(keys.journal, `${newest.last}-0`, ...toStreamFields(newest)),
    async () => {},
    /what is between is in neither/,
  );
  await redis.rename(`${keys.journal}-kept`, keys.journal);
  const id = (await redis.get(keys.exchangeId))!;
  const giveBack = () => redis.set(keys.exchangeId, id);
  await refuses(
    'a Redis of another exchange',
    () => redis.set(keys.exchangeId, 'other'),
    giveBack,
    /do not belong together/,
  );
  await refuses(
    'a Redis that is empty',
    () => redis.del(keys.exchangeId),
    giveBack,
    /does not know this exchange/,
  );
  const head = (await redis.get(keys.head))!;
  await refuses(
    'a Redis without head',
    () => redis.del(keys.head),
    () => redis.set(keys.head, head),
    /no head/,
  );
  await redis.rename(keys.journal, `${keys.journal}-kept`);
  await refuses(
    'a Redis without journal',
    async () => {},
    () => redis.rename(`${keys.journal}-kept`, keys.journal),
    /lost its tail/,
  );
  t.equal((await recover(stores)).exchange.stateHash, last.stateHash, 'and all is well again');
});

t.test('a journal that is not what happened is not replayed', async t => {
  const stack = await endedExchange(t);
  const commandLog = new CommandLog(redisAt(REDIS_URL), stack.keys, log);
  t.teardown(() => commandLog.close());
  const batches: JournalBatch[] = [];
  for await (const batch of commandLog.journal.after(0)) batches.push(batch);
  /** Replays all, with one batch changed. */
  const replay = (index: number, change: Partial<JournalBatch>) => {
    const machine = new Machine();
    for (const [i, batch] of batches.entries())
      replayBatch(machine, i === index ? { ...batch, ...change } : batch);
    return machine.exchange.stateHash;
  };
  const [index, batch] = [batches.length - 1, batches.at(-1)!];
  t.equal(replay(index, {}), batch.stateHash);
  t.throws(() => replay(index, { stateHash: '0'.repeat(16) }), /state hashes to/);
  t.throws(
    () => replay(index, { events: replaced(batch.events, 'ORDER_PLACED', 'ORDER_ENDED') }),
    /other events/,
  );
  t.throws(() => replay(index, { logic: LOGIC + 1 }), /written by logic/);
  t.throws(() => replay(index, { first: batch.first + 1 }), /the journal goes on at sequence/);
  t.throws(
    () => replay(index, { commands: replaced(batch.commands, '"SELL"', '"BUY"') }),
    /other events|hashes to/,
  );
});
