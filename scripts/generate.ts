/**
 * `npm run generate -- --accounts 100000 --open 1000000 --ended 2000000 --journal 0`: the state of an exchange that has
 * traded, in the Redis, Postgres and namespace of REDIS_URL, DATABASE_URL and NAMESPACE, where nothing may be yet.
 *
 * `--markets` are the three of a fresh exchange and as many more as it says. `--journal` is how many commands more only the journal has, in batches of `--batch`. The same `--seed` makes the same.
 */
import { parseArgs } from 'node:util';
import { readConfig, withSettings } from '../shared/io/config.js';
import { generate, problemOf, type Size } from './generating/generate.js';
import { exitWith, Refusal } from './running/refusal.js';

const DEFAULTS: Size = {
  accounts: 1000,
  markets: 3,
  open: 10_000,
  ended: 20_000,
  journal: 0,
  batch: 512,
  seed: 1,
};

try {
  const target = withSettings(readConfig(), 'redisUrl', 'databaseUrl');
  const started = performance.now();
  const { watermark, end, stateHash } = await generate(target, sizeOf(process.argv.slice(2)));
  const seconds = (performance.now() - started) / 1000;
  console.log(`${target.namespace}: Postgres at sequence ${watermark}, the journal to ${end}, ${stateHash}`);
  console.log(`${end} commands in ${seconds.toFixed(1)} s`);
} catch (error) {
  exitWith(error);
}

function sizeOf(args: string[]): Size {
  const options = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: `${value}` }] as const),
  );
  const { values } = parseArgs({ args, options });
  const numbers = Object.entries(values).map(([name, text]) => [name, wholeNumber(name, String(text))]);
  const size = Object.fromEntries(numbers) as Size;
  const problem = problemOf(size);
  if (problem !== undefined) throw new Refusal(`${problem}.`);
  return size;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new Refusal(`--${name} must be a whole number, not "${text}".`);
  return Number(text);
}
