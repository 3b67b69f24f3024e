/**
 * A program that we start and stop.
 *
 * Guarantees: it has a process group of its own, so that Ctrl-C reaches only us, who stop our programs in order; its
 * output goes straight into its log file, so that it outlives us undisturbed; `stopProgram` returns when it has ended.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly name: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** Also tells whose process it is when we are gone: see orphans.ts. */
  readonly workingFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** Gives way to the others, and with it whatever it starts. */
  readonly isPatient?: boolean;
}

export interface RunningProgram {
  readonly program: Program;
  readonly pid: number;
  /** Resolves when the process is gone, with what ended it, such as `signal SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Of the exchange's own processes. A larger nursery: a batch or request is over before it is collected, which saves a
 * fifth of the engine's time.
 */
export const NODE_OPTIONS = ['--enable-source-maps', '--max-semi-space-size=32'];

/**
 * Of the engine besides. Its compiled code may take in more of what it calls, which saves a tenth of the core's time once
 * all of it is compiled, some seconds after the start. And all memory is collected in one go, seldom: marking it bit by
 * bit made the engine slow for 20 ms every two seconds at 300,000 commands a second (p99 8 to 18 ms, so 3 to 5); in one
 * go it takes some 10 ms, and 50 ms with 900,000 orders resting.
 */
export const ENGINE_OPTIONS = [
  ...NODE_OPTIONS,
  '--max-inlined-bytecode-size-cumulative=3000',
  '--no-incremental-marking',
];

/** A third of the processor time that one gets who is not patient, where there is not enough. */
const NICE = 5;

/** Longer than a process's own `DRAIN_TIMEOUT_MS`, so that it can end by itself and say what it could not do. */
const STOP_TIMEOUT_MS = 15_000;

export function launch(program: Program): RunningProgram {
  const log = openSync(program.logFile, 'a', 0o600);
  const [file, ...args] = program.command;
  const child = spawn(file, args, {
    cwd: program.workingFolder,
    env: program.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  if (child.pid !== undefined && program.isPatient) giveWay(child.pid);
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  // Without a pid it could not be started: `ended` says why. No process has the pid 0.
  return { program, pid: child.pid ?? 0, ended };
}

/**
 * Where Linux shares the processor out among sessions first (autogroup), as it does on most machines, a priority counts
 * only within a session, and each of our programs has one of its own: so the session's is set, too. It does not reach
 * what begins a session for itself, as the processes of Postgres do. A program that may not be slowed down, or has ended,
 * goes on as it is.
 */
function giveWay(pid: number): void {
  try {
    setPriority(pid, NICE);
    writeFileSync(`/proc/${pid}/autogroup`, String(NICE));
  } catch {}
}

/** Asks it to stop; kills it when it takes too long, and answers whether that was needed. */
export async function stopProgram({ program, pid, ended }: RunningProgram): Promise<{ killed: boolean }> {
  if (pid === 0) {
    return { killed: false };
  }
  sendSignal(pid, program.stopSignal);
  const patience = new AbortController();
  const inTime = await Promise.race([
    ended.then(() => true),
    sleep(STOP_TIMEOUT_MS, false, { signal: patience.signal }).catch(() => false),
  ]);
  patience.abort();
  if (!inTime) {
    sendSignal(pid, 'SIGKILL');
    await ended;
  }
  return { killed: !inTime };
}

/** A process that has just ended by itself is no error. A negative pid is a whole process group. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}
