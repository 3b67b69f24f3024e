/**
 * The public matching-engine benchmark: the exchange's book gives its cases' answers and those of a plain book for
 * random messages, the files are read as they are written or refused, and the command tells a difference.
 */
import { deepStrictEqual } from 'node:assert';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { type Case, differencesOf, readCases } from '../bench/conformance/cases.js';
import { play } from '../bench/conformance/driver.js';
import { Reports } from '../bench/conformance/reports.js';
import {
  CANCEL,
  decodeWorkload,
  MAX_MESSAGES,
  MAX_ORDER_ID,
  type Message,
  MODIFY,
  NEW,
  readWorkload,
  workloadOf,
} from '../bench/conformance/workload.js';
import { Refusal } from '../scripts/running/refusal.js';
import { SIDES } from '../shared/domain/orders.js';
import { PlainBook } from './plain-book.js';

const CASES = 'test/fixtures/conformance-cases.json';
const COMMAND = fileURLToPath(new URL('../bench/conformance.js', import.meta.url));
const RUNS = 1000;
/** Greater than the ids that are drawn. */
const FREE_IDS = 100;
const HEADER_BYTES = 16;
const RECORD_BYTES = 40;

/** A trade, a modified rest, and a cancel of nothing. */
const SESSION: readonly Message[] = [
  { type: NEW, orderId: 1, side: 'SELL', quantity: 10, price: 100, ioc: false },
  { type: NEW, orderId: 2, side: 'BUY', quantity: 4, price: 2 ** 53 - 1, ioc: true },
  { type: MODIFY, orderId: 1, side: 'SELL', quantity: 2 ** 32 - 1, price: 101, ioc: false },
  { type: CANCEL, orderId: 7, side: 'BUY', quantity: 0, price: 0, ioc: false },
];
const SESSION_REPORTS = [
  '0,0,1,1,100,10',
  '0,1,0,2,9007199254740991,4',
  '1,1,100,4,1,2',
  '3,2,1,1,101,4294967295',
  '4,3,7',
];
const SESSION_HASH = createHash('sha256').update(SESSION_REPORTS.join('\n')).digest('hex');

t.test('the published cases', async t => {
  const cases = readCases(CASES);
  t.equal(cases.length, 34);
  for (const known of cases) t.strictSame(differencesOf(known), [], known.name);
});

t.test('a case that expects something else differs', async t => {
  const known = caseNamed('modify_shared_level_sibling_survives');
  const reports = (known.reports as string[]).with(2, '3,2,0,1,98,10');
  t.strictSame(differencesOf({ ...known, reports }), [
    'report 2: expected "3,2,0,1,98,10", got "3,2,0,1,99,10"',
  ]);
  t.strictSame(differencesOf({ ...known, reports: (known.reports as string[]).slice(0, -1) }), [
    'report 4: expected none, got "1,3,100,10,2,3"',
  ]);
  t.strictSame(differencesOf({ ...known, finalBids: [[99, 11]], finalAsks: [[100, 1]] }), [
    'final bids: expected [[99,11]], got [[99,10]]',
    'final asks: expected [[100,1]], got []',
  ]);
  t.match(differencesOf({ ...known, sha256: 'f00d' }), [/^sha256: expected "f00d", got "ef917d82/]);
});

t.test('a case by rule differs too', async t => {
  const known = caseNamed('deep_recursive_sweep_5000');
  t.strictSame(differencesOf({ ...known, reports: { count: 10_002, trades: 4999 } }), [
    'number of reports: expected 10002, got 10001',
    'number of trades: expected 4999, got 5000',
  ]);
});

/** Few ids and prices, so that most messages meet others. */
const DRAW: fc.Arbitrary<Message> = fc.record({
  type: fc.constantFrom(NEW, NEW, CANCEL, MODIFY),
  orderId: fc.integer({ min: 1, max: 12 }),
  side: fc.constantFrom(...SIDES),
  quantity: fc.integer({ min: 1, max: 9 }),
  price: fc.integer({ min: 1, max: 6 }),
  ioc: fc.boolean(),
});

t.test('random messages, compared with a plain book', async () => {
  fc.assert(
    fc.property(fc.array(DRAW, { maxLength: 80 }), draws => {
      const plain = new PlainBook();
      const messages = draws.map((draw, seq) => {
        const message = withFreeId(draw, plain, FREE_IDS + seq);
        plain.play(seq, message);
        return message;
      });
      const reports = new Reports(messages.length);
      const played = play(workloadOf(messages), reports);
      deepStrictEqual([...reports.lines()], plain.lines());
      for (const side of SIDES) deepStrictEqual(played.book.depth(side), plain.depth(side));
      deepStrictEqual(played.resting, plain.resting);
    }),
    { numRuns: RUNS },
  );
});

t.test('a workload is read as it was written, compressed or not', async t => {
  const folder = t.testdir();
  const bytes = fileOf(SESSION);
  const [plain, compressed] = [join(folder, 'session.bin'), join(folder, 'session.bin.br')];
  writeFileSync(plain, bytes);
  writeFileSync(compressed, brotliCompressSync(bytes));
  for (const file of [plain, compressed]) t.strictSame(readWorkload(file), workloadOf(SESSION), file);
  t.equal(decodeWorkload(fileOf([])).messages, 0);
  t.equal(decodeWorkload(fileOf([{ ...SESSION[0]!, orderId: MAX_ORDER_ID }])).maxOrderId, MAX_ORDER_ID);
});

t.test('what is no workload is refused', async t => {
  const bytes = fileOf(SESSION);
  const folder = t.testdir({ 'plain.br': bytes.toString('latin1') });
  t.throws(() => readWorkload(join(folder, 'missing.bin')), refusal(/^it cannot be read: ENOENT/));
  t.throws(() => readWorkload(join(folder, 'plain.br')), refusal(/^it cannot be decompressed: /));
  const noWorkload = refusal(/^it is no workload of the matching-engine benchmark, version 1: /);
  t.throws(() => decodeWorkload(Buffer.alloc(0)), noWorkload);
  t.throws(() => decodeWorkload(changed(bytes, 0, 0x30)), noWorkload, 'magic');
  t.throws(() => decodeWorkload(changed(bytes, 8, 2)), noWorkload, 'version');
  for (const wrong of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.alloc(1)])]) {
    const text = `it is damaged, make it again: 4 messages take 176 bytes, it has ${wrong.length}.`;
    t.throws(() => decodeWorkload(wrong), refusal(text));
  }
  const huge = Buffer.from(bytes);
  huge.writeUInt32LE(MAX_MESSAGES + 1, 12);
  t.throws(() => decodeWorkload(huge), refusal(/^it has 20000001 messages, of which 20000000 can be played/));
});

t.test('a message that no book can take is refused by number', async t => {
  const faults: [Partial<Message>, string][] = [
    [{ type: 3 }, 'has the type 3, but 0 is new, 1 cancel, 2 modify, and there are no others'],
    [{ orderId: 2 ** 32 - 1 }, 'has the order id 4294967295, but ids go up to 67108864'],
    [{ quantity: 0 }, 'has the quantity 0, but quantities are 1 to 4294967295'],
    [{ price: 0 }, 'has the price 0, but prices are 1 to 9007199254740991'],
    [{ price: -1 }, 'has the price -1, but prices are 1 to 9007199254740991'],
    [{ price: 2 ** 53 }, 'has the price 9007199254740992, but prices are 1 to 9007199254740991'],
  ];
  for (const [fault, text] of faults) {
    const bytes = fileOf([SESSION[0]!, { ...SESSION[1]!, ...fault }]);
    t.throws(() => decodeWorkload(bytes), refusal(`message 1 ${text}.`));
  }
  const badSide = changed(fileOf(SESSION), HEADER_BYTES + 1, 2);
  t.throws(
    () => decodeWorkload(badSide),
    refusal('message 0 has a side that is neither 0, buy, nor 1, sell.'),
  );
});

t.test('what is no list of cases is refused', async t => {
  const known = caseNamed('fifo_priority');
  const folder = t.testdir({
    'text.json': 'no\nJSON',
    'kind.json': JSON.stringify([{ ...known, messages: [['REPLACE', 1]] }]),
    'rule.json': JSON.stringify([{ ...known, messages: { generate: '3 x [NEW,i,SELL,1,100] for i=1..2' } }]),
  });
  for (const [file, reason] of [
    ['missing.json', /^it cannot be read as a list of cases: ENOENT/],
    ['text.json', /^it cannot be read as a list of cases: Unexpected token .*\.$/],
    ['kind.json', /^it cannot be read as a list of cases: .* at 0\.messages\.$/],
    ['rule.json', /^it cannot be read as a list of cases: .* at 0\.messages/],
  ] as const) {
    t.throws(() => readCases(join(folder, file)), refusal(reason), file);
  }
});

t.test('the command measures a file and leaves nothing behind', async t => {
  const folder = t.testdir({
    temporary: {},
    'correctness_hash.txt': `${SESSION_HASH}  session_reports.txt\n`,
  });
  const file = join(folder, 'session.bin');
  writeFileSync(file, fileOf(SESSION));
  const { code, stdout, stderr } = await command([file, '--cases', CASES], join(folder, 'temporary'));
  const [summary, line, ...rest] = stdout.split('\n');
  t.equal(summary, '34 cases, 34 as expected');
  t.match(
    line,
    new RegExp(
      `^${file} messages=4 sha256=${SESSION_HASH} firstPassMps=\\d+\\.\\d\\d warmMps=\\d+\\.\\d\\d restingAtEnd=1$`,
    ),
  );
  t.strictSame(rest, [''], 'and no more');
  t.match(stderr, 'session.bin: the hash in correctness_hash.txt');
  t.equal(code, 0);
  t.strictSame(readdirSync(join(folder, 'temporary')), []);
});

t.test('the command, interrupted, leaves nothing behind', async t => {
  const folder = t.testdir({ temporary: {} });
  const file = join(folder, 'session.bin');
  writeFileSync(file, fileOf(SESSION));
  const child = start([file], join(folder, 'temporary'));
  const end = Promise.all([text(child.stdout), once(child, 'close')]);
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    if (line.endsWith('run 1 of 5')) child.kill('SIGTERM');
  }
  const [stdout, [code]] = await end;
  t.strictSame(said, [`${file}: reading`, `${file}: run 1 of 5`, `${file}: interrupted by SIGTERM.`]);
  t.equal(stdout, '');
  t.equal(code, 1);
  t.strictSame(readdirSync(join(folder, 'temporary')), []);
});

t.test('the command says what is wrong in one line', async t => {
  const known = caseNamed('fifo_priority');
  const folder = t.testdir({
    'differing.json': JSON.stringify([known, { ...known, finalBids: [] }]),
    'zeros.bin': '0'.repeat(HEADER_BYTES),
  });
  const [differing, zeros] = [join(folder, 'differing.json'), join(folder, 'zeros.bin')];
  const usage = 'Usage: npm run conformance -- <file.bin|file.bin.br>… [--cases <file.json>]\n';
  const [onDiffering, onZeros, onNothing] = await Promise.all(
    [['--cases', differing], [zeros], []].map(args => command(args, folder)),
  );
  t.strictSame(onDiffering, {
    code: 1,
    stdout: 'fifo_priority: final bids: expected [], got [[100,10]]\n2 cases, 1 as expected\n',
    stderr: '',
  });
  t.match(onZeros, { code: 1, stdout: '' });
  t.equal(
    onZeros?.stderr,
    `${zeros}: reading\n${zeros}: it is no workload of the matching-engine benchmark, version 1: ` +
      'give a file of its generator.\n',
  );
  t.strictSame(onNothing, { code: 1, stdout: '', stderr: usage });
});

function caseNamed(name: string): Case {
  return readCases(CASES).find(known => known.name === name)!;
}

/** The benchmark never uses the id of a resting order for a new one. */
function withFreeId(message: Message, book: PlainBook, freeId: number): Message {
  return message.type === NEW && book.has(message.orderId) ? { ...message, orderId: freeId } : message;
}

function fileOf(messages: readonly Message[]): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + messages.length * RECORD_BYTES);
  bytes.writeBigUInt64LE(0x4d45_4257_5f30_3031n, 0);
  bytes.writeUInt32LE(1, 8);
  bytes.writeUInt32LE(messages.length, 12);
  for (const [seq, message] of messages.entries()) {
    const at = HEADER_BYTES + seq * RECORD_BYTES;
    bytes.writeUInt8(message.type, at);
    bytes.writeUInt8(SIDES.indexOf(message.side), at + 1);
    bytes.writeUInt8(message.ioc ? 1 : 0, at + 2);
    bytes.writeUInt32LE(message.quantity, at + 4);
    bytes.writeBigUInt64LE(BigInt(seq), at + 8);
    bytes.writeBigUInt64LE(BigInt(message.orderId), at + 16);
    bytes.writeBigInt64LE(BigInt(message.price), at + 24);
  }
  return bytes;
}

function changed(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = byte;
  return copy;
}

function refusal(message: string | RegExp): { constructor: typeof Refusal; message: string | RegExp } {
  return { constructor: Refusal, message };
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function command(args: readonly string[], temporary: string): Promise<Ended> {
  const child = start(args, temporary);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

function start(args: readonly string[], temporary: string): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
