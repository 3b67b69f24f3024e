/** Secrets that are made up once, kept in DATA_DIR, and readable by their owner only. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Secret {
  readonly value: string;
  readonly isNew: boolean;
}

export function keptSecret(file: string, bytes: number): Secret {
  if (existsSync(file)) {
    return { value: readFileSync(file, 'utf8').trim(), isNew: false };
  }
  const value = randomBytes(bytes).toString('base64url');
  // By way of a second name, so that a file that is there is whole.
  writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return { value, isNew: true };
}
