/** Money: none came from nowhere or went there, and every balance is what its ledger tells. */
import { TREASURY } from '../../shared/domain/entities.js';
import { type Check, check, counted } from './check.js';
import { assertNone, countOf, type Evidence } from './evidence.js';

export async function* checkMoney(evidence: Evidence): AsyncIterable<Check> {
  const proofs = {
    'balances sum to zero': proveZeroSums,
    'ledger and balances': proveSums,
    'ledger entries follow one another': proveRunningBalances,
    'ledger sets': proveSets,
    'nothing negative': proveNotNegative,
  };
  for (const [name, prove] of Object.entries(proofs)) {
    evidence.say(name);
    yield await check(name, () => prove(evidence));
  }
}

async function proveZeroSums(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('%s sums to %s', asset, sum(available::numeric + locked)) AS found FROM balances
     GROUP BY asset HAVING sum(available::numeric + locked) <> 0`,
  );
  const accounts = await countOf(evidence, 'SELECT count(DISTINCT account) FROM balances');
  const assets = await countOf(evidence, 'SELECT count(DISTINCT asset) FROM balances');
  return `${counted(assets, 'assets')} over ${counted(accounts, 'accounts')}`;
}

async function proveSums(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('account %s %s: its ledger adds up to %s, the balance is %s',
       account, asset, coalesce(total, 0), coalesce(available::numeric + locked, 0)) AS found
     FROM (SELECT account, asset, sum(amount) AS total FROM ledger GROUP BY account, asset) AS entries
     FULL JOIN balances USING (account, asset)
     WHERE coalesce(total, 0) <> coalesce(available::numeric + locked, 0)`,
  );
  return counted(await countOf(evidence, 'SELECT count(*) FROM balances'), 'balances');
}

async function proveRunningBalances(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('entry %s of account %s: %s and %s %s make %s', ledger_id, account, before, amount, asset, balance_after) AS found
     FROM (
       SELECT *, lag(balance_after, 1, 0::bigint) OVER (PARTITION BY account, asset ORDER BY ledger_id) AS before
       FROM ledger
     ) AS entries
     WHERE balance_after <> before::numeric + amount`,
  );
  return counted(await countOf(evidence, 'SELECT count(*) FROM ledger'), 'ledger entries');
}

/** A movement's two entries, the payer's and the receiver's, have an odd number and the next one. */
async function proveSets(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('entries %s: they are %s and sum to %s', concat_ws(' to ', min(ledger_id), max(ledger_id)), count(*), sum(amount)) AS found
     FROM ledger GROUP BY (ledger_id - 1) / 2
     HAVING count(*) <> 2 OR min(ledger_id) = max(ledger_id) OR sum(amount) <> 0
       OR min(asset) <> max(asset) OR min(reference) IS DISTINCT FROM max(reference)`,
  );
  await assertNone(
    evidence,
    `SELECT format('%s entries up to %s, the exchange has counted to %s', count(ledger_id), max(ledger_id), last_ledger_id) AS found
     FROM exchange LEFT JOIN ledger ON TRUE GROUP BY last_ledger_id
     HAVING count(ledger_id) <> last_ledger_id OR coalesce(max(ledger_id), 0) <> last_ledger_id`,
  );
  const last = await countOf(evidence, 'SELECT coalesce(sum(last_ledger_id), 0) AS count FROM exchange');
  return `${counted(last / 2n, 'sets')} of two that sum to zero, numbered without a gap`;
}

async function proveNotNegative(evidence: Evidence): Promise<string> {
  await assertNone(
    evidence,
    `SELECT format('account %s: %s %s available, %s locked', account, available, asset, locked) AS found FROM balances
     WHERE locked < 0 OR (available < 0 AND account <> ${TREASURY})
     UNION ALL
     SELECT format('entry %s leaves account %s %s %s', ledger_id, account, balance_after, asset) AS found FROM ledger
     WHERE balance_after < 0 AND account <> ${TREASURY}`,
  );
  return 'but the treasury, which is below zero by what was issued';
}
