/**
 * The exchange against the naive one (naive-exchange.ts), which was written from docs/RULES.md without knowing it:
 * whatever a random session brings, both say the same and hold the same.
 *
 * A failure prints its seed, its path and the shortest session found. The same again:
 * `SEED=<seed> PATH_=<path> node dist/test/second-opinion.test.js`. More sessions: `RUNS=<number>`.
 *
 * A check of a rule that no session reaches cannot fail, so everything in MUST_HAPPEN has to have happened.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { CommandKind } from '../shared/domain/commands.js';
import { EVENT_FIELDS } from '../shared/domain/events.js';
import type { OrderStatus } from '../shared/domain/orders.js';
import { REJECT_CODES, type RejectCode } from '../shared/domain/rejects.js';
import { SideBySide, type Told } from './side-by-side.js';
import { type Session, sessions } from './swarm.js';
import { commandsOf } from './swarm-commands.js';
import { type Counts, Witness } from './witness.js';

type Failure = fc.RunDetailsFailureProperty<[Session]>;

const { RUNS = '800', SEED, PATH_ } = process.env;

const MUST_HAPPEN = [
  // What the core never says.
  ...REJECT_CODES.filter(code => code !== 'SERVER_BUSY'),
  ...Object.keys(EVENT_FIELDS).filter(kind => kind !== 'REFUSED'),
  ...refusals('PLACE_ORDER', [
    'EXPIRED_IN_QUEUE',
    'UNKNOWN_MARKET',
    'MARKET_NOT_TRADING',
    'PRICE_OUT_OF_RANGE',
    'QUANTITY_OUT_OF_RANGE',
    'NO_LIQUIDITY',
    'WOULD_TAKE',
    'MIN_NOTIONAL',
    'DUPLICATE_CLIENT_ORDER_ID',
    'TOO_MANY_ORDERS',
    'LIMIT_EXCEEDED',
    'INSUFFICIENT_BALANCE',
  ]),
  ...refusals('CANCEL_ORDER', ['EXPIRED_IN_QUEUE', 'UNKNOWN_MARKET', 'UNKNOWN_ORDER']),
  ...refusals('CANCEL_ALL', ['UNKNOWN_MARKET']),
  ...refusals('DEPOSIT', ['EXPIRED_IN_QUEUE', 'DUPLICATE_ID', 'UNKNOWN_ASSET', 'AMOUNT_OUT_OF_RANGE']),
  ...refusals('WITHDRAW', ['DUPLICATE_ID', 'UNKNOWN_ASSET', 'AMOUNT_OUT_OF_RANGE', 'INSUFFICIENT_BALANCE']),
  ...refusals('CREATE_ASSET', ['ALREADY_EXISTS', 'BAD_FIELD']),
  ...refusals('CREATE_MARKET', ['ALREADY_EXISTS', 'UNKNOWN_ASSET', 'BAD_FIELD']),
  ...refusals('UPDATE_MARKET', ['UNKNOWN_MARKET', 'BAD_FIELD', 'MARKET_NOT_TRADING']),
  'UPDATE_MARKET ORDER_ENDED',
  'CANCEL_ALL ORDER_ENDED',
  'WITHDRAW MOVED',
  'WITHDRAW REPEATED',
  ...fates('LIMIT GTC', ['NEW', 'PARTIALLY_FILLED', 'FILLED', 'EXPIRED_IN_MATCH']),
  ...fates('LIMIT IOC', ['FILLED', 'EXPIRED', 'EXPIRED_IN_MATCH']),
  ...fates('LIMIT FOK', ['FILLED', 'EXPIRED']),
  ...fates('LIMIT_MAKER GTC', ['NEW']),
  ...fates('MARKET IOC', ['FILLED', 'EXPIRED', 'EXPIRED_IN_MATCH']),
  ...fates('MARKET IOC by quote', ['FILLED', 'EXPIRED', 'EXPIRED_IN_MATCH']),
  'a key is used again after it expired',
  'a maker ends by EXPIRE_MAKER',
  'a maker ends by EXPIRE_BOTH',
  'an account trades with itself',
  'a trade without a fee',
  "a trade with the taker's fee only",
  "a trade with the maker's fee only",
  'a trade with both fees',
  'an order comes to ten open orders',
];

const counts: Counts = new Map();

t.setTimeout(0);

t.test('whatever a session brings, the exchange does what the rules say', async t => {
  const run = fc.check(
    fc.property(sessions, session => play(session, new Witness(counts))),
    {
      numRuns: Number(RUNS),
      ...(SEED !== undefined && { seed: Number(SEED) }),
      ...(PATH_ !== undefined && { path: PATH_ }),
    },
  );
  if (run.counterexample !== null) t.comment(failureText(run));
  t.notOk(run.failed, `the same in ${RUNS} sessions`);
});

t.test('the sessions reached every rule', { skip: PATH_ !== undefined }, async t => {
  const missing = MUST_HAPPEN.filter(what => !counts.has(what));

  t.same(missing, [], 'nothing is missing');
});

function refusals(kind: CommandKind, codes: readonly RejectCode[]): string[] {
  return codes.map(code => `${kind} ${code}`);
}

function fates(form: string, statuses: readonly OrderStatus[]): string[] {
  return statuses.map(status => `${form} becomes ${status}`);
}

/**
 * Throws where the exchange and the naive one differ.
 * @param told gets each command before it is executed
 */
function play(session: Session, witness: Witness, told: Told[] = []): void {
  const exchanges = new SideBySide();
  const { naive } = exchanges;
  for (const next of commandsOf(session, () => naive.openOrders())) {
    told.push(next);
    witness.see(next, exchanges.tell(next), naive.openOrders());
    if (told.length % session.batchSize === 0) exchanges.endBatch();
  }
  exchanges.endBatch();
}

/** The shortest session, each command with its time and deadline, as found-cases.test.ts could keep it. */
function failureText({ seed, counterexample, counterexamplePath, errorInstance }: Failure): string {
  const told: Told[] = [];
  const [session] = counterexample;
  assert.throws(() => play(session, new Witness(new Map()), told));
  const lines = told.map(({ command, timing: { time, deadline } }) => {
    return `${time} ${deadline} ${inspect(command, { breakLength: Infinity })}`;
  });
  return [
    `SEED=${seed} PATH_=${counterexamplePath}, in batches of ${session.batchSize}`,
    ...lines,
    errorInstance instanceof Error ? errorInstance.message : inspect(errorInstance),
  ].join('\n');
}
