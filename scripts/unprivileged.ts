/**
 * Running a program that refuses to run as root.
 *
 * As root, the program is put into a user namespace in which it is nobody: it keeps the access of the files' owner, so
 * that a checkout below a closed folder such as /root works, and loses every privilege. Where namespaces are not allowed
 * (most containers), it runs as the user nobody, to whom its folder is given.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

export interface Unprivileged {
  /** Goes before the command. */
  readonly prefix: readonly string[];
  /** Who must own its files, as we see it from outside; also the group's id. */
  readonly userId: number;
  /** What a user should know when it fails; may be empty. */
  readonly hint: string;
}

/** The user and group nobody, on every Linux. */
const NOBODY = 65534;

const IN_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`] as const;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

export function unprivileged(): Unprivileged {
  const userId = process.getuid?.() ?? 0;
  if (userId !== 0) {
    return { prefix: [], userId, hint: '' };
  }
  const [file, ...args] = IN_NAMESPACE;
  if (spawnSync(file, [...args, 'true'], { stdio: 'ignore' }).status === 0) {
    return { prefix: IN_NAMESPACE, userId, hint: '' };
  }
  const hint =
    ' as the user nobody, who must reach this checkout and DATA_DIR (not below /root; or set DATABASE_URL)';
  return { prefix: AS_NOBODY, userId: NOBODY, hint };
}

/** Makes the program the owner of its folder and of everything in it. */
export function giveFolder(folder: string, { userId }: Unprivileged): void {
  if (statSync(folder).uid !== userId) {
    execFileSync('chown', ['-R', `${userId}:${userId}`, folder]);
  }
}
