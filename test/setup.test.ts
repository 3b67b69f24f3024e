/** The set-up of a checkout: settings, private servers, the lock of DATA_DIR, and how a test run is counted. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import t from 'tap';
import { openDataDir } from '../scripts/running/data-dir.js';
import { readableWarning } from '../scripts/running/log-files.js';
import { freePort } from '../scripts/running/ports.js';
import { startPrivatePostgres } from '../scripts/running/private-postgres.js';
import { startPrivateRedis } from '../scripts/running/private-redis.js';
import { launch, stopProgram } from '../scripts/running/program.js';
import { keptSecret } from '../scripts/running/secrets.js';
import { TapReport } from '../scripts/tap-report.js';
import { ConfigError, readConfig, withSettings } from '../shared/io/config.js';

const START = fileURLToPath(new URL('../scripts/start.js', import.meta.url));
const RESET = fileURLToPath(new URL('../scripts/reset.js', import.meta.url));

t.test('settings have defaults, and an empty one counts as unset', async t => {
  const config = readConfig({ PORT: '', REDIS_URL: '', SIGNUP_BALANCE: '' });
  t.match(config, { port: 3000, host: '127.0.0.1', namespace: 'lockstep', logLevel: 'info' });
  t.equal(config.redisUrl, undefined);
  t.equal(config.signupBalance, '', 'except that no sign-up balance is a wish');
  t.equal(readConfig({}).signupBalance, '10000 USDT,1 BTC');
});

t.test('a wrong setting is refused in a sentence that names it', async t => {
  const wrong = {
    PORT: ['0', '65536', '3e3', 'http'],
    NAMESPACE: ['Lockstep', '1st', 'a-b', 'a"b', 'x'.repeat(32)],
    REDIS_URL: ['localhost:6379', 'http://localhost'],
    DATABASE_URL: ['mysql://localhost/x', 'nonsense'],
    ADMIN_EMAIL: ['admin'],
    LOG_LEVEL: ['loud'],
    INSTANCE: ['a b'],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      t.throws(() => readConfig({ [name]: value }), new ConfigError(), `${name}=${value}`);
      t.throws(() => readConfig({ [name]: value }), { message: new RegExp(`^${name} must [^\\n]*\\.$`) });
    }
  }
  t.throws(() => withSettings(readConfig({}), 'redisUrl'), { message: /^REDIS_URL is not set/ });
});

t.test('a private Redis flushes every write, never evicts, and keeps what it acknowledged', async t => {
  const folder = t.testdir();
  const log = join(folder, 'redis.log');
  const server = await startPrivateRedis(join(folder, 'redis'), log);
  const redis = new Redis(server.url);
  redis.on('error', () => undefined);
  const settings = await redis.config('GET', 'append*', 'maxmemory-policy', 'save', 'bind');
  t.match(pairs(settings as string[]), {
    appendonly: 'yes',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    save: '',
    bind: '127.0.0.1',
  });
  await redis.rpush('list', 'kept');
  redis.disconnect();
  process.kill(server.pid, 'SIGKILL');
  await server.stop();

  const second = await startPrivateRedis(join(folder, 'redis'), log);
  const again = new Redis(second.url);
  t.equal(await again.lpop('list'), 'kept');
  again.disconnect();
  await second.stop();
  t.throws(() => process.kill(second.pid, 0), { code: 'ESRCH' });
});

t.test('a private Postgres is durable, asks for a password, and comes back after kill -9', async t => {
  const folder = t.testdir();
  const log = join(folder, 'postgres.log');
  const server = await startPrivatePostgres(join(folder, 'postgres'), log);
  const settings = await query(
    server.url,
    `SELECT name, setting FROM pg_settings WHERE name IN
     ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'server_encoding', 'TimeZone')`,
  );
  t.same(Object.fromEntries(settings.map(row => [row.name, row.setting])), {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    server_encoding: 'UTF8',
    TimeZone: 'UTC',
  });
  await t.rejects(query(server.url.replace(/:[^:@]+@/, ':guess@'), 'SELECT 1'), { code: '28P01' });
  await query(server.url, 'CREATE TABLE kept (n int)');
  process.kill(server.pid, 'SIGKILL');
  await server.stop();

  const second = await startPrivatePostgres(join(folder, 'postgres'), log);
  t.same(await query(second.url, 'SELECT count(*)::int AS n FROM kept'), [{ n: 0 }]);
  await second.stop();
  t.throws(() => process.kill(second.pid, 0), { code: 'ESRCH' });
});

t.test('a patient program gives way, among sessions, too; another one does not', async t => {
  const folder = t.testdir();
  for (const isPatient of [true, false]) {
    const program = launch({
      name: 'sleeper',
      command: ['sleep', '60'],
      workingFolder: folder,
      env: process.env,
      logFile: join(folder, 'sleeper.log'),
      stopSignal: 'SIGTERM',
      isPatient,
    });
    t.equal(getPriority(program.pid) > getPriority(), isPatient);
    const session = `/proc/${program.pid}/autogroup`;
    if (existsSync(session)) t.match(readFileSync(session, 'utf8'), isPatient ? /nice 5\n/ : /nice 0\n/);
    await stopProgram(program);
  }
});

t.test('one exchange per DATA_DIR: a second start and a reset are refused, naming the process', async t => {
  const dataDir = await openDataDir(join(t.testdir(), 'data'));
  const refusal = {
    code: 1,
    stderr: new RegExp(`running on ${dataDir.path} already: process ${process.pid}\\.`),
  };
  await t.rejects(run(START, [], { DATA_DIR: dataDir.path }), refusal);
  await t.rejects(run(RESET, ['--yes'], { DATA_DIR: dataDir.path }), refusal);
});

t.test('a start on a port that is in use is refused, naming the process', async t => {
  const folder = t.testdir();
  const redis = await startPrivateRedis(join(folder, 'redis'), join(folder, 'redis.log'));
  const env = { DATA_DIR: join(folder, 'data'), PORT: new URL(redis.url).port };
  await t.rejects(run(START, [], env), { code: 1, stderr: new RegExp(`in use by process ${redis.pid} \\(`) });
  await redis.stop();
});

t.test('reset says what it would delete, and with --yes deletes just that', async t => {
  const folder = t.testdir({ data: { redis: { file: '' }, 'jwt-secret': 'old', 'admin-password': 'kept' } });
  const url = process.env.REDIS_URL ?? '';
  const database = process.env.DATABASE_URL ?? '';
  const env = { DATA_DIR: join(folder, 'data'), NAMESPACE: `reset_${process.pid}` };
  await t.rejects(run(RESET, [], { ...env, REDIS_URL: '', DATABASE_URL: '' }), {
    code: 1,
    stderr: /data\/redis/,
  });
  t.ok(existsSync(join(folder, 'data', 'redis')));
  await run(RESET, ['--yes'], { ...env, REDIS_URL: '', DATABASE_URL: '' });
  t.notOk(existsSync(join(folder, 'data', 'redis')));
  t.notOk(existsSync(join(folder, 'data', 'jwt-secret')));
  t.ok(existsSync(join(folder, 'data', 'admin-password')));

  const redis = new Redis(url);
  await redis.mset(`{${env.NAMESPACE}}:head`, '1', `{${env.NAMESPACE}_2}:head`, '2');
  await query(database, `CREATE SCHEMA ${env.NAMESPACE}`);
  await run(RESET, ['--yes'], { ...env, REDIS_URL: url, DATABASE_URL: database });
  t.same(await redis.mget(`{${env.NAMESPACE}}:head`, `{${env.NAMESPACE}_2}:head`), [null, '2']);
  t.same(await query(database, `SELECT 1 FROM pg_namespace WHERE nspname = '${env.NAMESPACE}'`), []);
  redis.disconnect();
});

t.test('a secret is made once, for its owner only', async t => {
  const file = join(t.testdir(), 'secret');
  const first = keptSecret(file, 32);
  t.match(first, { value: /^[A-Za-z0-9_-]{43}$/, isNew: true });
  t.same(keptSecret(file, 32), { ...first, isNew: false });
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test('of a log, warnings and last words are shown', async t => {
  t.equal(readableWarning('{"level":30,"msg":"up"}'), undefined);
  t.equal(
    readableWarning('{"level":40,"time":"now","name":"api","pid":1,"msg":"slow","ms":9}'),
    'WARN slow {"ms":9}',
  );
  t.equal(readableWarning('{"level":60,"msg":"lost","err":{"stack":"Error: x"}}'), 'ERROR lost\nError: x');
  t.equal(readableWarning('Error: boom'), 'Error: boom');
  t.equal(readableWarning(''), undefined);
});

t.test('a test run is counted by assertions, and a crash is a failure', async t => {
  const said: string[] = [];
  const report = new TapReport(line => said.push(line));
  const lines = [
    'TAP version 14',
    '# Subtest: dist/test/a.test.js',
    '    # Subtest: trades',
    '        ok 1 - one',
    '        not ok 2 - two',
    '          ---',
    '          diff: |',
    '            -5',
    '          ...',
    '        ok 3 - later # SKIP',
    '        1..3',
    '    not ok 1 - trades # time=5.1ms',
    '    1..1',
    'not ok 1 - dist/test/a.test.js # time=1000.4ms',
    '# Subtest: dist/test/crash.test.js',
    '    ok 1 - three',
    'not ok 2 - dist/test/crash.test.js # time=7ms',
    '  ---',
    '  signal: SIGKILL',
    '  ...',
    'ok 3 - dist/test/empty.test.js # SKIP no tests found',
  ];
  for (const line of lines) {
    report.readLine(line);
  }
  t.same(report.counts, { passed: 2, failed: 2 });
  t.match(said, [
    'FAILED dist/test/a.test.js > trades > two',
    '    ---',
    '    diff: |',
    '      -5',
    '    ...',
    'FAILED dist/test/a.test.js 1000 ms',
    'FAILED dist/test/crash.test.js 7 ms',
    '    ---',
    '    signal: SIGKILL',
  ]);
});

function pairs(flat: string[]): Record<string, string> {
  return Object.fromEntries(
    flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])),
  );
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function run(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)(process.execPath, [script, ...args], {
    env: { ...process.env, PORT: `${await freePort()}`, ...env },
  });
}
