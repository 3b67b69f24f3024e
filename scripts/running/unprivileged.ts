/**
 * Running a program that refuses to run as root.
 *
 * As root, the program is put into a user namespace in which it is nobody: it keeps the access of the files' owner and
 * loses every privilege. Where namespaces are not allowed (most containers, a chroot), it runs as the user nobody, to
 * whom its folder is given, with one privilege left. In both ways a checkout below a closed folder such as /root works.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

export interface Unprivileged {
  /** Goes before the command. */
  readonly prefix: readonly string[];
  /** Who must own its files, as we see it from outside; also the group's id. */
  readonly userId: number;
}

/** The user and group nobody, on every Linux. */
const NOBODY = 65534;

const IN_NAMESPACE = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`] as const;

/** The privilege is to enter closed folders; without the secure bit, access(2) would deny that it is there. */
const AS_NOBODY = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--securebits=+no_setuid_fixup'],
  ...['--inh-caps', '--ambient-caps', '--bounding-set'].map(set => `${set}=-all,+dac_override`),
];

export function unprivileged(): Unprivileged {
  const userId = process.getuid?.() ?? 0;
  if (userId !== 0) {
    return { prefix: [], userId };
  }
  const [file, ...args] = IN_NAMESPACE;
  const isAllowed = spawnSync(file, [...args, 'true'], { stdio: 'ignore' }).status === 0;
  return isAllowed ? { prefix: IN_NAMESPACE, userId } : { prefix: AS_NOBODY, userId: NOBODY };
}

/** Makes the program the owner of its folder and of everything in it. */
export function giveFolder(folder: string, { userId }: Unprivileged): void {
  if (statSync(folder).uid !== userId) {
    execFileSync('chown', ['-R', `${userId}:${userId}`, folder]);
  }
}
