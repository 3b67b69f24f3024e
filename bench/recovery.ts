/**
 * `npm run bench:recovery [-- --accounts 10000 --open 100000 --ended 200000 --journal 300000]`: the suite `recovery` of
 * `npm run bench`, of any size.
 */
import { parseArgs } from 'node:util';
import { exitWith } from '../scripts/running/refusal.js';
import { endingAll } from './measuring/ending.js';
import { machineLine } from './measuring/machine.js';
import { rowTable } from './measuring/rows.js';
import { reportRecoveryOf } from './recovery/suite.js';

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000' },
    open: { type: 'string', default: '100000' },
    ended: { type: 'string', default: '200000' },
    journal: { type: 'string', default: '300000' },
  },
});
const [accounts, open, ended, journal] = [values.accounts, values.open, values.ended, values.journal].map(
  Number,
) as [number, number, number, number];

try {
  const { rows, lines = [] } = await endingAll(() => reportRecoveryOf({ accounts, open, ended, journal }));
  console.log([machineLine(), '', ...rowTable(rows), ...lines].join('\n'));
} catch (error) {
  exitWith(error);
}
