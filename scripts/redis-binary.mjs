/**
 * Finds a Redis (or Valkey) server binary and puts a link to it at dist/bin/redis-server, where the other scripts expect
 * it; installs one with the system's package manager if there is none and we are allowed to.
 *
 * Guarantees: no service is started or enabled. What is installed is `redis-tools`, which brings no service at all: its
 * `redis-check-rdb` is the very executable that Debian's `redis-server` package links to, and which of the two it is, it
 * decides by the name under which it is run.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['redis-server', 'valkey-server', 'redis-check-rdb', 'valkey-check-rdb'];

/** What the engine's commands were tried on; Debian 12 and Ubuntu 24.04 have it, Ubuntu 22.04 has 6.0. */
const OLDEST_MAJOR = 7;

/** False when there is no usable binary and none can be installed. */
export function linkRedis(root) {
  const binary = findBinary() ?? (installPackage() ? findBinary() : undefined);
  if (binary === undefined) {
    return false;
  }
  const folder = join(root, 'dist', 'bin');
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, 'redis-server'), { force: true });
  symlinkSync(binary, join(folder, 'redis-server'));
  return true;
}

function findBinary() {
  return NAMES.map(onPath).find(file => file !== undefined && isNewEnough(file));
}

function onPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Asks under the name under which it will run; the answer is like `Redis server v=7.0.15 sha=…`. */
function isNewEnough(file) {
  const { stdout } = spawnSync(file, ['--version'], { argv0: 'redis-server', encoding: 'utf8' });
  const major = / v=(\d+)\./.exec(stdout ?? '')?.[1];
  return major !== undefined && Number(major) >= OLDEST_MAJOR;
}

function installPackage() {
  const asRoot = process.getuid() === 0 ? [] : ['sudo', '-n'];
  const allowed = asRoot.length === 0 || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  if (!allowed || onPath('apt-get') === undefined) {
    return false;
  }
  const apt = (...args) => {
    const [file, ...rest] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    return spawnSync(file, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
  };
  // A machine that has just come up may be updating itself; wait for it rather than fail.
  const install = () =>
    apt('install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'redis-tools');
  console.log('Installing the Redis binary (apt-get install redis-tools, no service) …');
  // A fresh machine or container has no package lists yet, or stale ones.
  return install() || (apt('update', '-q') && install());
}
