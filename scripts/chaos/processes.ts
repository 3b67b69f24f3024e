/** What the kernel says of running processes (proc(5)). */
import { readdirSync, readFileSync } from 'node:fs';

/** The process and its children, which may have process groups of their own, as those of Postgres do. */
export function familyOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(process => statusOf(process)?.parent === pid);
  return [pid, ...children];
}

export function isStopped(pid: number): boolean {
  return statusOf(pid)?.state === 'T';
}

/** Undefined where the process has ended. */
function statusOf(pid: number): { state: string; parent: number } | undefined {
  try {
    // `<pid> (<command>) <state> <parent> …`, and the command may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
