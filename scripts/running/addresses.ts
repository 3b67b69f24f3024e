/**
 * Where the Redis and the Postgres of a running exchange are: private servers take another port at each start.
 *
 * Guarantees: nobody but the owner of DATA_DIR can read it, since an address may hold a password; what is read was
 * recorded by the process that is asked for, and not by one that was killed before it could forget.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDir } from './data-dir.js';

export interface ServerAddresses {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

/** Until this process ends. */
export function recordAddresses(dataDir: DataDir, addresses: ServerAddresses): void {
  const file = fileOf(dataDir);
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify({ ...addresses, recordedBy: `${process.pid}` })}\n`, { mode: 0o600 });
  process.once('exit', () => rmSync(file, { force: true }));
}

/** Undefined where that process has recorded none (yet). */
export function recordedAddresses(dataDir: DataDir, pid: string): ServerAddresses | undefined {
  try {
    const { recordedBy, ...addresses } = JSON.parse(readFileSync(fileOf(dataDir), 'utf8'));
    return recordedBy === pid ? addresses : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}

function fileOf(dataDir: DataDir): string {
  return join(dataDir.run, 'servers.json');
}
