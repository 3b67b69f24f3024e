/**
 * Keeps a set of programs running.
 *
 * Guarantees: a program that ends is started again, after a delay that grows while it keeps ending at once; while it
 * runs, `<name>.pid` in the run folder holds its process id. `stopAll` stops them in the reverse of the order in which
 * they were started, each fully before the next, and leaves none running; after it, nothing is started any more.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch, type Program, type RunningProgram, stopProgram } from './program.js';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;
/** A program that has lived this long was started well, and its next end is a new story. */
const STABLE_AFTER_MS = 10_000;

export class Supervisor {
  readonly #running = new Map<string, RunningProgram>();
  readonly #kept: { readonly name: string; readonly end: Promise<void> }[] = [];
  readonly #stopping = new AbortController();

  constructor(
    private readonly runFolder: string,
    private readonly say: (line: string) => void,
  ) {}

  keep(program: Program): void {
    this.#kept.push({ name: program.name, end: this.#keepRunning(program) });
  }

  async stopAll(): Promise<void> {
    this.#stopping.abort();
    for (const { name, end } of this.#kept.reverse()) {
      const running = this.#running.get(name);
      if (running !== undefined) {
        const { killed } = await stopProgram(running);
        this.say(killed ? `${name} did not stop in time and was killed.` : `${name} stopped.`);
      }
      await end;
    }
  }

  async #keepRunning(program: Program): Promise<void> {
    let delayMs = FIRST_DELAY_MS;
    while (!this.#stopping.signal.aborted) {
      const startedAt = performance.now();
      const reason = await this.#runOnce(program);
      if (this.#stopping.signal.aborted) {
        return;
      }
      if (performance.now() - startedAt >= STABLE_AFTER_MS) {
        delayMs = FIRST_DELAY_MS;
      }
      this.say(
        `${program.name} ended (${reason}); starting it again in ${delayMs} ms. Its log: ${program.logFile}`,
      );
      await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    }
  }

  /** Never rejects: whatever keeps a program from running is a reason to try again. */
  async #runOnce(program: Program): Promise<string> {
    const pidFile = join(this.runFolder, `${program.name}.pid`);
    try {
      const running = launch(program);
      this.#running.set(program.name, running);
      writeFileSync(pidFile, `${running.pid}\n`);
    } catch (error) {
      this.say(`${program.name}: ${(error as Error).message}`);
    }
    const reason = await (this.#running.get(program.name)?.ended ?? 'it could not be started');
    this.#running.delete(program.name);
    rmSync(pidFile, { force: true });
    return reason;
  }
}
