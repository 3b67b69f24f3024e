/**
 * What a running exchange tells of itself: that each figure moves as what happens says, that the dashboard, the alerts
 * and their instructions name only what there is, and who may ask.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { isPrivate } from '../api/http/metrics.js';
import { type Look, look } from '../scripts/top/look.js';
import { type Labels, Scrape } from '../scripts/top/scrape.js';
import { view } from '../scripts/top/view.js';
import { GENESIS } from '../shared/domain/genesis.js';
import { outcome } from './api-calls.js';
import { startStack, type TestUser } from './stack.js';
import { run } from './traded-stack.js';
import { WsClient } from './ws-client.js';

const TOP = fileURLToPath(new URL('../scripts/top.js', import.meta.url));
const IS_STANDBY = { process: 'engine-2' };
const NAME = /\b(?:lockstep|process)_[a-z_]+\b/g;

const stack = await startStack(t, { env: { BEHIND_PROXY: '1' } });

async function scrape(): Promise<Scrape> {
  const answer = await fetch(`${stack.url}/metrics`);
  if (answer.status !== 200) throw new Error(`scrape: ${answer.status}`);
  return new Scrape(await answer.text());
}

/** What the others tell is up to a second old. */
async function scrapeWhere(what: string, holds: (scrape: Scrape) => boolean): Promise<Scrape> {
  let last = await scrape();
  await stack.until(what, async () => {
    last = await scrape();
    return holds(last);
  });
  return last;
}

/** When everybody has told of everything. */
async function settled(): Promise<Scrape> {
  await stack.settled();
  const { rows } = await stack.pool.query('SELECT sequence FROM watermark');
  const sequence = Number(rows[0].sequence);
  return scrapeWhere('all to be told', scrape => {
    const isCounted = scrape.sum('lockstep_commands_total') === sequence - GENESIS.length;
    const isWritten = scrape.sum('lockstep_written_commands_total') === sequence;
    return isCounted && isWritten && scrape.sum('lockstep_watermark') === sequence;
  });
}

/** The second engine stands by from the first time on. */
async function withStandby(): Promise<Scrape> {
  if (!stack.isRunning('engine-2')) stack.start('engine-2');
  return scrapeWhere('a standby', scrape => {
    return scrape.sum('lockstep_standbys') === 1 && scrape.max('lockstep_leading', IS_STANDBY) !== undefined;
  });
}

const buyer = await stack.trader({ USDT: '1000' });
const seller = await stack.trader({ ADA: '500' });
const place = (user: TestUser, side: string, price: string, quantity: string) => {
  const body = { market: 'ADA_USDT', type: 'LIMIT', side, price, quantity };
  return stack.request('POST', '/api/v1/order', { token: user.token, body });
};

t.test('each figure moves as what happens says', async t => {
  const before = await settled();
  const reader = await WsClient.connect(stack.wsUrl, t);
  await reader.ask('SUBSCRIBE', ['ada_usdt@trade', 'ada_usdt@depth']);
  await reader.ask('SUBSCRIBE', ['ada_usdt@nothing']);
  t.equal((await stack.request('GET', '/no/such/path')).body.error.code, 'UNKNOWN_ROUTE');
  t.equal((await stack.request('GET', '/nor/this')).body.error.code, 'UNKNOWN_ROUTE');
  await place(buyer, 'BUY', '1.9', '10');
  await place(seller, 'SELL', '1.9', '1');
  const resting = await place(buyer, 'BUY', '1.8', '1');
  await stack.request('DELETE', `/api/v1/order?orderId=${resting.body.orderId}`, { token: buyer.token });
  t.equal((await place(seller, 'SELL', '1.9', '1000')).body.error.code, 'INSUFFICIENT_BALANCE');
  const after = await settled();
  const moved = (name: string, labels: Labels = {}) => after.sum(name, labels) - before.sum(name, labels);
  const commands = (kind: string, outcome: string) => moved('lockstep_commands_total', { kind, outcome });
  const refusals = (surface: string, code: string) => moved('lockstep_refusals_total', { surface, code });
  const requests = (route: string) => moved('lockstep_requests_total', { route });
  t.strictSame(
    {
      placed: commands('PLACE_ORDER', 'EXECUTED'),
      refused: commands('PLACE_ORDER', 'REFUSED'),
      canceled: commands('CANCEL_ORDER', 'EXECUTED'),
      commands: moved('lockstep_commands_total'),
      sequence: moved('lockstep_sequence'),
      watermark: moved('lockstep_watermark'),
      written: moved('lockstep_written_commands_total'),
      trades: moved('lockstep_trades_total'),
      batches: moved('lockstep_batch_entries_count'),
      entries: moved('lockstep_batch_entries_sum'),
      applied: moved('lockstep_apply_seconds_count'),
      committed: moved('lockstep_commit_seconds_count'),
      orders: requests('POST /api/v1/order'),
      cancels: requests('DELETE /api/v1/order'),
      elsewhere: requests('unknown'),
      requests: moved('lockstep_requests_total'),
      insufficient: refusals('http', 'INSUFFICIENT_BALANCE'),
      unknownRoute: refusals('http', 'UNKNOWN_ROUTE'),
      unknownStream: refusals('websocket', 'UNKNOWN_STREAM'),
      refusals: moved('lockstep_refusals_total'),
      sockets: moved('lockstep_sockets', { surface: 'websocket' }),
      subscriptions: moved('lockstep_subscriptions'),
      drops: moved('lockstep_drops_total'),
    },
    {
      placed: 3,
      refused: 1,
      canceled: 1,
      commands: 5,
      sequence: 5,
      watermark: 5,
      written: 5,
      trades: 1,
      batches: 5,
      entries: 5,
      applied: 5,
      committed: 5,
      orders: 4,
      cancels: 1,
      elsewhere: 2,
      requests: 7,
      insufficient: 1,
      unknownRoute: 2,
      unknownStream: 1,
      refusals: 4,
      sockets: 1,
      subscriptions: 2,
      drops: 0,
    },
  );
  t.ok(moved('lockstep_journal_bytes') > 0);
  t.ok(moved('lockstep_write_seconds_count') > 0);
  t.ok(moved('lockstep_apply_seconds_sum') > 0 && moved('lockstep_commit_seconds_sum') > 0);
});

t.test('states are told as they are', async t => {
  const scrape = await settled();
  const states = ['ready', 'leading', 'epoch', 'redis_up', 'postgres_up', 'standbys', 'list_entries'];
  t.strictSame(
    states.map(name => [name, scrape.max(`lockstep_${name}`)]),
    [
      ['ready', 1],
      ['leading', 1],
      ['epoch', 1],
      ['redis_up', 1],
      ['postgres_up', 1],
      ['standbys', 0],
      ['list_entries', 0],
    ],
  );
  t.equal(scrape.sum('lockstep_writer_lag_commands'), 0);
  t.equal(scrape.max('lockstep_standby_lag_commands'), undefined, 'without a standby there is no lag');
  t.equal(scrape.sum('lockstep_journal_limit_bytes'), 4096e6);
  for (const process of ['api', 'engine', 'db-writer']) {
    t.ok(scrape.sum('process_resident_memory_bytes', { process }) > 1e7, process);
    t.ok(scrape.max('lockstep_event_loop_delay_seconds', { process, quantile: '1' })! >= 0, process);
  }
});

t.test('a hand on Redis publishes what is no message', async t => {
  await settled();
  const strange = ['', '{', 'null', '[]', '{}', '{"process":1,"figures":[]}', '{"process":"x"}'];
  const figures = ['[1]', '[null]', '[{"name":"lockstep_ready"}]', '{}', '"x"'];
  for (const text of [...strange, ...figures.map(list => `{"process":"x","figures":${list}}`)])
    await stack.redis.publish(stack.keys.metrics, text);
  const { rows } = await stack.pool.query('SELECT sequence FROM watermark');
  t.equal((await scrape()).sum('lockstep_sequence'), Number(rows[0].sequence));
  t.ok(stack.isRunning('api'));
});

t.test('dashboard and alerts name only figures that there are', async t => {
  const { names } = await withStandby();
  for (const file of ['docs/grafana-dashboard.json', 'docs/alerts.yml']) {
    const used = new Set(readFileSync(file, 'utf8').match(NAME));
    t.ok(used.size > 5, file);
    t.strictSame(
      [...used].filter(name => !names.has(name)),
      [],
      file,
    );
  }
});

t.test('a standby is seen, and takes over', async t => {
  t.equal((await withStandby()).max('lockstep_leading', IS_STANDBY), 0);
  await stack.stop('engine');
  const after = await scrapeWhere('the first engine to be forgotten', scrape => {
    return scrape.max('lockstep_leading', { process: 'engine' }) === undefined;
  });
  t.equal(after.max('lockstep_leading', IS_STANDBY), 1);
  t.equal(after.sum('lockstep_epoch'), 2);
});

t.test('each alert leads to a section that says what to do', async t => {
  const sections = readFileSync('docs/OPERATIONS.md', 'utf8')
    .match(/^#+ .*$/gm)!
    .map(anchorOf);
  const alerts = readFileSync('docs/alerts.yml', 'utf8').split('- alert: ').slice(1);
  t.ok(alerts.length > 5);
  for (const alert of alerts) {
    const [, anchor] = /what_to_do: .*OPERATIONS\.md#(\S+)/.exec(alert) ?? [];
    t.ok(sections.includes(anchor!), alert.split('\n')[0]!);
  }
});

t.test('only who comes from a private address may ask', async t => {
  const asked = (address: string) =>
    stack.request('GET', '/metrics', { headers: { 'x-forwarded-for': address } });
  t.equal(outcome(await asked('8.8.8.8')), '403 FORBIDDEN');
  t.equal(outcome(await asked('127.0.0.1, 8.8.8.8')), '403 FORBIDDEN', 'the last one is whom the proxy saw');
  t.equal(outcome(await asked('nonsense')), '403 FORBIDDEN');
  for (const address of ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '::1', 'fd00::1']) {
    t.ok(isPrivate(address), address);
  }
  t.ok(isPrivate('0000:0000:0000:0000:0000:0000:0000:0001'));
  t.ok(isPrivate('0000:0000:0000:0000:0000:ffff:7f00:0001'), 'IPv4 in IPv6');
  for (const address of ['172.32.0.1', '1.1.1.1', '2001:db8::1', '::ffff:1.1.1.1', '']) {
    t.notOk(isPrivate(address), address);
  }
});

t.test('top shows a block of what there is, and says where nobody is', async t => {
  const shown = await run(TOP, ['--once', '--url', stack.url], {});
  t.equal(shown.code, 0);
  for (const text of [/takes orders$/m, /^leader .*epoch 2, sequence \d/m, /^orders +0 /m, /^commit /m]) {
    t.match(shown.stdout, text);
  }
  t.match(shown.stdout, /^ADA_USDT +1\.9000 +- +1\.9000 +0\.00% +1\.000000$/m);
  t.notMatch(shown.stdout, '\x1b', 'plain where there is no terminal');
  const nobody = await run(TOP, ['--once', '--url', 'http://127.0.0.1:2'], {});
  t.equal(nobody.code, 1);
  t.match(nobody.stdout, /not reachable: ECONNREFUSED/);
});

t.test('top fits a terminal of 80 times 24, with rates and quantiles of the last seconds', async t => {
  const now = await look(stack.url);
  const at = (second: number): Look => ({ ...now, at: second * 1000, scrape: new Scrape(made(second)) });
  const lines = view(stack.url, [0, 1, 2, 3].map(at), { columns: 80, rows: 24 }).map(
    stripVTControlCharacters,
  );
  t.ok(lines.length <= 24, 'as high');
  t.ok(
    lines.every(line => line.length < 80),
    'as wide',
  );
  const line = (name: string) => lines.find(line => line.startsWith(`${name} `))!;
  t.match(line('orders'), /^orders +100 .*█ +100$/);
  t.match(line('refusals'), /^refusals +7 /);
  t.match(lines.join('\n'), /^RATE_LIMITED$/m, 'only what was refused lately');
  // Of ten a second half took up to 1 ms and half up to 2 ms.
  t.match(line('commit'), /^commit +1\.00 +1\.98 /);
  t.match(line('apply'), /^apply +- +- /);
  t.equal(view(stack.url, [at(0)], { columns: 80, rows: 24 }).length <= 24, true, 'also of the first look');
});

/** The figures of an exchange after so many seconds. */
function made(second: number): string {
  return [
    `lockstep_commands_total{kind="PLACE_ORDER",outcome="EXECUTED",process="engine"} ${100 * second}`,
    `lockstep_refusals_total{surface="http",code="RATE_LIMITED",process="api"} ${7 * second}`,
    `lockstep_refusals_total{surface="http",code="FORBIDDEN",process="api"} 1000`,
    `lockstep_commit_seconds_bucket{le="0.001",process="engine"} ${5 * second}`,
    `lockstep_commit_seconds_bucket{le="0.002",process="engine"} ${10 * second}`,
    `lockstep_commit_seconds_bucket{le="+Inf",process="engine"} ${10 * second}`,
  ].join('\n');
}

/** As in a link to a section of a page. */
function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
