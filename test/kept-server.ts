/** A private Redis or Postgres that a test breaks and that is started again as `npm start` does it, on the same port. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProgram, waitUntilAnswering } from '../scripts/running/private-server.js';
import { sendSignal } from '../scripts/running/program.js';
import { Supervisor } from '../scripts/running/supervisor.js';

export class KeptServer {
  readonly #server: ServerProgram;
  readonly #runFolder: string;
  /** Each end of the server, in words. */
  readonly ends: string[] = [];
  #supervisor: Supervisor;

  private constructor(server: ServerProgram, runFolder: string) {
    this.#server = server;
    this.#runFolder = runFolder;
    mkdirSync(runFolder, { recursive: true });
    this.#supervisor = this.#keep();
  }

  /** Returns when it answers. @param runFolder for the file that holds its process id */
  static async start(server: ServerProgram, runFolder: string): Promise<KeptServer> {
    const kept = new KeptServer(server, runFolder);
    await kept.answering();
    return kept;
  }

  get url(): string {
    return this.#server.url;
  }

  answering(): Promise<undefined> {
    return waitUntilAnswering(this.#server.probe);
  }

  /** As `kill -9`; it is started again. Returns when it answers. */
  async kill(): Promise<void> {
    const ended = this.ends.length;
    const pidFile = join(this.#runFolder, `${this.#server.program.name}.pid`);
    sendSignal(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    while (this.ends.length === ended) await sleep(5);
    await this.answering();
  }

  /** Until `up`. */
  down(): Promise<void> {
    return this.#supervisor.stopAll();
  }

  async up(): Promise<void> {
    this.#supervisor = this.#keep();
    await this.answering();
  }

  #keep(): Supervisor {
    const supervisor = new Supervisor(this.#runFolder, line => {
      if (/ ended /.test(line)) this.ends.push(line);
    });
    supervisor.keep(this.#server.program);
    return supervisor;
  }
}
