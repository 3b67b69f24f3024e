/** Calls of the HTTP interface as tests write them, and the proof that a refused call has left nothing behind. */
import type { Test } from 'tap';
import type { Answer, Stack, TestUser } from './stack.js';

/** What was sent, and what is expected as `outcome` writes it. */
export type Case = readonly [what: string, send: () => Promise<Answer>, expected: string];

/** `400 BAD_FIELD price` of a refusal, `201` of what was done; a refusal without its exact form is shown whole. */
export function outcome({ status, body }: Answer): string {
  if (body?.error === undefined) return String(status);
  const { code, message, field, ...rest } = body.error;
  const isForm = typeof message === 'string' && Object.keys({ ...rest, ...body }).length === 1;
  if (!isForm) return JSON.stringify(body);
  return [status, code, field].filter(part => part !== undefined).join(' ');
}

/** Calls of `/api/v1`, by that user unless another token is given. */
export function apiCalls(stack: Stack, user: TestUser) {
  const call =
    (method: string) =>
    (path: string, token: string | undefined = user.token): Promise<Answer> =>
      stack.request(method, `/api/v1${path}`, { token });

  const post = (path: string, body: unknown, token: string | undefined = user.token): Promise<Answer> =>
    stack.request('POST', `/api/v1${path}`, { token, body });

  /** Each case has its outcome; all of them together change nothing, and the processes live. */
  const refusals = async (t: Test, cases: readonly Case[]): Promise<void> => {
    const before = await state(stack);
    const pids = [stack.pid('api'), stack.pid('engine')];
    for (const [what, send, expected] of cases) t.equal(outcome(await send()), expected, what);
    t.same(await state(stack), before, 'nothing has changed');
    t.same([stack.pid('api'), stack.pid('engine')], pids);
    t.ok(stack.isRunning('api') && stack.isRunning('engine') && stack.isRunning('db-writer'), 'all live');
  };

  /** The same, and nothing of it reaches the engine. */
  const refusalsByApi = async (t: Test, cases: readonly Case[]): Promise<void> => {
    await stack.settled();
    const end = await journalEnd(stack);
    await refusals(t, cases);
    t.equal(await journalEnd(stack), end, 'no command was sent');
  };

  return { post, get: call('GET'), remove: call('DELETE'), refusals, refusalsByApi };
}

/** Everything that a request could change, as Postgres has it once it has everything. */
async function state(stack: Stack): Promise<unknown> {
  await stack.settled();
  const { rows } = await stack.pool.query(`
    SELECT (SELECT json_agg(b ORDER BY account, asset) FROM balances b) AS balances,
           (SELECT json_agg(o ORDER BY order_id) FROM orders o) AS orders,
           (SELECT json_agg(m ORDER BY market) FROM markets m) AS markets,
           (SELECT json_agg(a ORDER BY asset) FROM assets a) AS assets,
           (SELECT json_agg(u ORDER BY user_id) FROM users u) AS users,
           (SELECT count(*)::int FROM ledger) AS ledger`);
  return rows[0];
}

/** The id of the journal's last entry. */
async function journalEnd(stack: Stack): Promise<string | undefined> {
  const last = await stack.redis.xrevrange(stack.keys.journal, '+', '-', 'COUNT', 1);
  return last[0]?.[0];
}
