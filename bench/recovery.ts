/**
 * `npm run bench:recovery [-- --accounts 10000 --open 100000 --ended 200000 --journal 300000]`: the suite `recovery` of
 * `npm run bench`, of any size.
 */
import { parseArgs } from 'node:util';
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
const { accounts, open, ended, journal } = values;
const { rows, lines = [] } = await reportRecoveryOf({
  accounts: Number(accounts),
  open: Number(open),
  ended: Number(ended),
  journal: Number(journal),
});
console.log([machineLine(), '', ...rowTable(rows), ...lines].join('\n'));
