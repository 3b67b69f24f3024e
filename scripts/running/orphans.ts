/**
 * Processes that an earlier run left behind because it was killed.
 *
 * Guarantees: only a process whose working folder is one of this DATA_DIR's and whose command line is that of the program
 * that we start there is signalled. The kernel is asked, not a pid file: a file may be missing or name a process that
 * has since taken the number.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataDir } from './data-dir.js';
import { sendSignal } from './program.js';

/** Answers how many there were. Two servers on one folder would each accept writes and answer their own history. */
export async function stopOrphans(dataDir: DataDir): Promise<number> {
  const kinds: { folder: string; form: RegExp; signal: NodeJS.Signals }[] = [
    { folder: dataDir.run, form: /\/dist\/[a-z-]+\/main\.js/, signal: 'SIGTERM' },
    { folder: join(dataDir.postgres, 'cluster'), form: /\/postgres -D /, signal: 'SIGINT' },
    { folder: dataDir.redis, form: /redis-server/, signal: 'SIGTERM' },
  ];
  let count = 0;
  for (const { folder, form, signal } of kinds) {
    const pids = processesIn(folder, form);
    count += pids.length;
    for (const pid of pids) {
      sendSignal(pid, signal);
    }
    await waitForEnd(folder, form);
  }
  return count;
}

const PATIENCE_MS = 15_000;

async function waitForEnd(folder: string, form: RegExp): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pids = processesIn(folder, form); pids.length > 0; pids = processesIn(folder, form)) {
    if (performance.now() > deadline) {
      for (const pid of pids) {
        sendSignal(pid, 'SIGKILL');
      }
    }
    await sleep(50);
  }
}

function processesIn(folder: string, form: RegExp): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && isRunning(name, folder, form))
    .map(Number);
}

function isRunning(pid: string, folder: string, form: RegExp): boolean {
  try {
    const isThere = readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
    return isThere && form.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
  } catch {
    // It has ended meanwhile, or is another user's, or there is no such folder yet.
    return false;
  }
}
