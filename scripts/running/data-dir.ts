/**
 * The folder that holds everything of one exchange on this machine, and the right to use it.
 *
 * Guarantees: at most one process holds the lock of a folder. The lock is a name of the kernel's (an abstract socket),
 * so it ends with its holder, however that ends, and is never stale. It is seen within one network namespace: two
 * containers that share a folder do not see each other's.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Refusal } from './refusal.js';

export interface DataDir {
  readonly path: string;
  /** `<name>.pid` of every running process; also the working folder of our own Node processes. */
  readonly run: string;
  readonly log: string;
  readonly redis: string;
  readonly postgres: string;
  readonly jwtSecret: string;
  readonly adminPassword: string;
}

/** Creates the folder if there is none and locks it until this process ends; refuses, naming the holder. */
export async function openDataDir(path: string): Promise<DataDir> {
  const { dataDir, holder } = await claimDataDir(path);
  if (holder !== undefined) {
    throw new Refusal(`Lockstep is running on ${path} already: process ${holder}.`);
  }
  return dataDir;
}

export interface Claim {
  readonly dataDir: DataDir;
  /** The process that has the folder locked; undefined where it is ours now. */
  readonly holder: string | undefined;
}

/** Creates the folder if there is none and locks it until this process ends, unless another one holds it. */
export async function claimDataDir(path: string): Promise<Claim> {
  const dataDir = layOut(path);
  try {
    for (const folder of [dataDir.run, dataDir.log]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw new Refusal(`DATA_DIR ${path} cannot be used: ${(error as Error).message}.`);
  }
  const name = lockName(realpathSync(path));
  return { dataDir, holder: (await takeLock(name)) ? undefined : await holderOf(name) };
}

export function logFile(dataDir: DataDir, name: string): string {
  return join(dataDir.log, `${name}.log`);
}

function layOut(path: string): DataDir {
  return {
    path,
    run: join(path, 'run'),
    log: join(path, 'log'),
    redis: join(path, 'redis'),
    postgres: join(path, 'postgres'),
    jwtSecret: join(path, 'jwt-secret'),
    adminPassword: join(path, 'admin-password'),
  };
}

/** Filled up to the full length of a socket's name: Node 20 pads with zeros, Node 22 does not, and they shall agree. */
function lockName(path: string): string {
  return `\0lockstep-data-${createHash('sha256').update(path).digest('hex')}`.padEnd(108, '-');
}

function takeLock(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.on('error', () => undefined).end(`${process.pid}`));
    server.once('error', (error: NodeJS.ErrnoException) => {
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error);
    });
    server.listen(name, () => resolve(true)).unref();
  });
}

function holderOf(name: string): Promise<string> {
  return new Promise(resolve => {
    let answer = '';
    const finish = () => resolve(answer || 'unknown');
    const socket = connect(name).setEncoding('utf8').setTimeout(2000);
    socket.on('data', text => {
      answer += text;
    });
    socket.on('end', finish).on('error', finish).on('timeout', finish);
  });
}
