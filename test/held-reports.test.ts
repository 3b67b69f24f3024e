/** Held reports against a list of all that were heard. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type HeardReport, HeldReports } from '../api/held-reports.js';
import { ascii } from './ascii.js';

const ACCOUNTS = [1001, 1002, 1003];

const batch = fc.array(fc.constantFrom(...ACCOUNTS), { minLength: 1, maxLength: 5 });
/** A batch with reports of these accounts, or how many of the sequences so far are forgotten. */
const steps = fc.array(fc.oneof(batch, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 40 });

t.test('each account has what it was told and nobody has forgotten, in order', async t => {
  fc.assert(fc.property(steps, play), { numRuns: 500 });
  t.pass('held in every case tried');
});

function play(steps: readonly (number[] | number)[]): void {
  const reports = new HeldReports();
  let all: { account: number; seq: number; text: string; place: number; sequence: number }[] = [];
  const seqs = new Map<number, number>();
  let [sequence, place] = [0, 0];
  for (const step of steps) {
    if (typeof step === 'number') {
      const until = Math.floor(step * sequence);
      reports.forget(until);
      all = all.filter(report => report.sequence > until);
    } else {
      sequence++;
      const lines = step.map(account => {
        const seq = (seqs.get(account) ?? 0) + 1;
        seqs.set(account, seq);
        return { account, seq, text: `["x",${seq}]`, place: ++place, sequence };
      });
      all.push(...lines);
      const text = lines.map(({ account, seq, text }) => `${account} ${seq} ${text}`).join('\n');
      assert.deepEqual(plain(reports.add(ascii(text), sequence)), lines.map(told));
    }
    assert.equal(reports.place, place);
    const oldest = all[0]?.place ?? place + 1;
    for (const account of ACCOUNTS) {
      const own = all.filter(report => report.account === account).map(told);
      assert.deepEqual(plain(reports.held(account)), own);
      for (let after = Math.max(0, oldest - 2); after <= place; after++) {
        const since = reports.after(account, after);
        if (after < oldest - 1) assert.equal(since, undefined);
        else
          assert.deepEqual(
            plain(since!),
            own.filter(report => report.place > after),
          );
      }
    }
  }
}

function told({ account, seq, text, place }: { account: number; seq: number; text: string; place: number }) {
  return { account, seq, text, place };
}

function plain(reports: readonly HeardReport[]) {
  return reports.map(({ account, seq, batch, from, end, place }) => {
    return { account, seq, text: batch.toString('latin1', from, end), place };
  });
}
