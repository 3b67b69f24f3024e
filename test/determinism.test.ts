/**
 * Same commands, same events, same state, byte for byte (docs: what we promise): in batches of any size, and in any
 * process, whatever its machine code, its memory, its time zone and its language. That a load changes nothing is the
 * business of random.test.ts.
 *
 * A failure prints the seed of its session; another long one: `SEED=<seed> node dist/test/determinism.test.js`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { Exchange } from '../engine/core/exchange.js';
import { encodeCommands, encodeRequest } from '../shared/domain/codec.js';
import type { Order } from '../shared/domain/entities.js';
import { EVENT_FIELDS } from '../shared/domain/events.js';
import { isOpen } from '../shared/domain/orders.js';
import { REJECT_CODES } from '../shared/domain/rejects.js';
import { longSession } from './long-session.js';
import type { Input } from './recorded.js';
import { type Session, sessions } from './swarm.js';
import { commandsOf } from './swarm-commands.js';
import { type Digest, digestOf, type Trace, traceOf } from './trace.js';

const CHILD = fileURLToPath(new URL('replay-child.js', import.meta.url));
const RUNS = 300;
const SEED = Number(process.env.SEED ?? 20_240_229);
const LENGTH = 20_000;
/** Of single commands, odd, and the largest that the engine takes. */
const BATCH_SIZES = [1, 7, 512] as const;
const OF_THE_CHILD = 512;

/** What no result may depend on. */
const PROCESSES: readonly { what: string; flags: readonly string[]; env?: NodeJS.ProcessEnv }[] = [
  { what: 'like this one', flags: [] },
  { what: 'that never optimizes', flags: ['--no-opt'] },
  { what: 'that optimizes everything at once', flags: ['--always-turbofan'] },
  { what: 'that only interprets', flags: ['--jitless'] },
  { what: 'that collects garbage all the time', flags: ['--gc-interval=2000', '--hash-seed=7'] },
  {
    what: 'in another time zone and language',
    flags: [],
    env: { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
  },
];

const inputs = longSession(LENGTH, SEED);
const traces = BATCH_SIZES.map(batchSize => traceOf(inputs, batchSize));

t.setTimeout(0);

t.test('a random session says the same in batches of any size', async t => {
  fc.assert(
    fc.property(sessions, session => {
      const inputs = inputsOf(session);
      assertSame(BATCH_SIZES.map(batchSize => traceOf(inputs, batchSize)));
    }),
    { numRuns: RUNS },
  );
  t.pass(`the same in ${RUNS} sessions`);
});

t.test('the long session has everything that can happen', async t => {
  t.comment(`SEED=${SEED}`);
  const said = traces[0]!.commands.join('\n');
  const expected = [...Object.keys(EVENT_FIELDS), ...REJECT_CODES];
  // Ten thousand assets, or 2^53 lots: engine-limits.test.ts and arithmetic.test.ts. And what the core never says.
  const elsewhere = ['LIMIT_EXCEEDED', 'SERVER_BUSY'];
  const missing = expected.filter(word => !said.includes(`["${word}"`));
  t.same(missing, elsewhere);
});

t.test('a long session says the same in batches of any size', async t => {
  assertSame(traces);
  t.pass(`the same, SEED=${SEED}`);
});

t.test('a long session says the same in any process', async t => {
  const expected = digestOf(traces[BATCH_SIZES.indexOf(OF_THE_CHILD)]!);
  const journal = journalOf(inputs);
  for (const { what, flags, env } of PROCESSES) {
    const digest = replayElsewhere(journal, flags, env);
    t.same(digest, expected, `in a process ${what}, SEED=${SEED}`);
  }
});

function inputsOf(session: Session): Input[] {
  const exchange = new Exchange(() => {});
  const open = new Map<number, Order>();
  const inputs: Input[] = [];
  for (const input of commandsOf(session, () => [...open.values()])) {
    inputs.push(input);
    exchange.execute(input.command, input.timing);
    for (const order of exchange.endBatch().images.order) {
      if (isOpen(order.status)) open.set(order.orderId, { ...order });
      else open.delete(order.orderId);
    }
  }
  return inputs;
}

function assertSame([expected, ...others]: Trace[]): void {
  for (const trace of others) {
    const differs = trace.commands.findIndex((said, index) => said !== expected!.commands[index]);
    assert.equal(trace.commands[differs], expected!.commands[differs], `command ${differs + 1}`);
    assert.equal(trace.commands.length, expected!.commands.length);
    assert.equal(trace.stateHash, expected!.stateHash);
  }
}

/** Each command as it would stand in the journal. */
function journalOf(inputs: readonly Input[]): Buffer {
  return encodeCommands(
    inputs.map(({ command, timing }, index) => ({
      ...timing,
      entry: encodeRequest({
        requestId: index,
        replyTo: 'none',
        deadline: timing.deadline,
        request: command,
      }),
    })),
  );
}

function replayElsewhere(
  journal: Buffer,
  flags: readonly string[],
  env: NodeJS.ProcessEnv | undefined,
): Digest {
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, CHILD, String(OF_THE_CHILD)], {
    input: journal,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Digest;
}
