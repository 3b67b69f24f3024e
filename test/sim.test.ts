/** The simulation itself: it repeats, it finds what it is for, and in a hundred runs finds nothing else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { patchedSources } from '../scripts/sim/find-planted.js';
import { PLANTED } from '../scripts/sim/planted.js';

const SIM = fileURLToPath(new URL('../scripts/sim.js', import.meta.url));
const FOLDER = new URL('../scripts/sim/', import.meta.url).href;

t.setTimeout(0);

/** The run of a seed, with its trace, after those of others. */
const AFTER_OTHERS = `
  import { planOf } from '${FOLDER}plan.js';
  import { prepare, simulate } from '${FOLDER}run.js';
  const [seed, ...others] = process.argv.slice(1).map(Number);
  prepare();
  for (const other of others) await simulate(planOf(other));
  const { trace } = await simulate(planOf(seed), true);
  for (const line of trace) console.log(line);`;

const sim = (...args: string[]) => node('--enable-source-maps', SIM, ...args);

async function node(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

t.test('the same seed is the same run, event by event', async t => {
  const [first, second, last] = await Promise.all([
    sim('--seed', '292'),
    sim('--seed', '292'),
    node('--input-type=module', '--eval', AFTER_OTHERS, '292', '7', '291', '7', '293'),
  ]);
  t.match(first.output, /FAULT/);
  t.equal(first.output, second.output);
  t.equal(first.output, last.output, 'after whatever other runs');
  t.equal(first.code, 0, first.output);
});

t.test('bad luck breaks no promise', async t => {
  const { code, output } = await sim('--runs', '100');
  t.match(output, /^100 runs in /m);
  t.equal(code, 0, output);
});

t.test('what it has found stays mended', async t => {
  const found = {
    1733: 'an engine that loaded so slowly that the journal had gone on called that a loss',
    11054: 'a leader that had lost the lead was looked at before it knew',
    9755: 'a reader that had missed candles was not told of those that a clock, set back since, had closed',
    10410: 'a writer that another one had overtaken called what was trimmed a hole in the journal',
    4357: 'candles that waited for trades were taken for known when older ones were read',
  };
  for (const [seed, what] of Object.entries(found)) {
    const { code, output } = await sim('--seed', seed);
    t.equal(code, 0, `${what}: ${output.slice(-1000)}`);
  }
});

t.test('every planted fault still fits the product', async t => {
  for (const { name, patches } of PLANTED) t.doesNotThrow(() => patchedSources(patches), name);
});

t.test('a planted fault is found, and shown as small as it can be', async t => {
  const { code, output } = await sim('--planted', 'sends again');
  t.match(output, /^\| a connection that sends again \| \d+ \| DOUBLED/);
  t.equal(code, 0, output);
});

t.test('what is no number of runs is refused', async t => {
  const { code, output } = await sim('--runs', 'many');
  t.match(output, /--runs takes a whole number from 1 on/);
  t.equal(code, 1);
});
