/**
 * `npm run verify`: proves an exchange whole, running or stopped, a line for each check.
 *
 * Exits with 0 where every check is ok, with 1 where one is not or could not be made.
 */
import { readConfig } from '../shared/io/config.js';
import { exitWith } from './running/refusal.js';
import { type Stores, withStores } from './running/stores.js';
import { verifyExchange } from './verification/verify.js';

/** So often it is told what takes long. */
const PROGRESS_INTERVAL_MS = 5000;

try {
  await withStores(readConfig(), verify);
  process.exit();
} catch (error) {
  exitWith(error);
}

async function verify(stores: Stores): Promise<void> {
  let underWay = '';
  const progress = setInterval(() => console.log(`        … ${underWay}`), PROGRESS_INTERVAL_MS);
  let made = 0;
  let failed = 0;
  const checks = verifyExchange(stores, line => {
    underWay = line;
  });
  for await (const { name, ok, detail } of checks) {
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name}: ${detail}`);
    made++;
    if (!ok) failed++;
  }
  clearInterval(progress);
  console.log(failed === 0 ? `whole: ${made} checks ok` : `${failed} of ${made} checks FAILED`);
  if (failed > 0) process.exitCode = 1;
}
