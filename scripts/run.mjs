/**
 * What every `npm` script of this package calls: sets the checkout up, then runs a compiled script in this process.
 *
 *   node scripts/run.mjs                          only the set-up
 *   node scripts/run.mjs scripts/start [args…]    the set-up, then dist/scripts/start.js with the arguments
 *
 * It is one process from beginning to end, and package.json calls it by `exec node …`, so that a signal to npm reaches
 * the script itself.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, SetupError, setUp } from './setup.mjs';

const [script, ...args] = process.argv.slice(2);

try {
  // The tests run on servers of their own, whatever REDIS_URL says.
  await setUp({ needsRedis: script === 'scripts/test' || !process.env.REDIS_URL });
} catch (error) {
  if (!(error instanceof SetupError)) {
    throw error;
  }
  console.error(error.message);
  process.exit(1);
}

if (script !== undefined) {
  const file = join(ROOT, 'dist', `${script}.js`);
  process.argv.splice(1, Number.POSITIVE_INFINITY, file, ...args);
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(file).href);
}
