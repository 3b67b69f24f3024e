/** Those who ask for something, and remember what became of it. */
import type { ApiError } from '../../api/errors.js';
import type { Answer } from '../../shared/domain/answers.js';
import type { Command, Query } from '../../shared/domain/commands.js';
import type { Asked } from './plan.js';
import type { Processes } from './processes.js';
import type { World } from './world.js';

export interface Memory {
  readonly request: Command | Query;
  /** Tells the request from all others: when it was made. Nothing where it was refused before it was made. */
  readonly stamp: number | undefined;
  /** Nothing where the api has died before it said anything. */
  answer: Answer | undefined;
  /** The code of what the api said instead. */
  failed: string | undefined;
}

const RETRY_DELAY_MS = 250;
/** Of a transfer, which has a key, so that it may be asked for again. */
const TRIES = 4;

export class Traders {
  readonly memories: Memory[] = [];
  readonly #world: World;
  readonly #processes: Processes;

  constructor(world: World, processes: Processes) {
    this.#world = world;
    this.#processes = processes;
  }

  ask({ api, request }: Asked, tries = 1): void {
    const owner = this.#processes.owner(api);
    const { engine } = this.#processes.api(api) ?? {};
    const again = () => {
      const isRepeatable = request.kind === 'DEPOSIT' || request.kind === 'WITHDRAW';
      if (isRepeatable && tries < TRIES) this.#later(() => this.ask({ at: 0, api, request }, tries + 1));
    };
    if (owner === undefined || engine === undefined) {
      again();
      return;
    }
    this.#world.scheduler.after(0, owner, () => {
      const asking = engine.ask(request);
      const memory: Memory = {
        request,
        stamp: this.#processes.takeStamp(),
        answer: undefined,
        failed: undefined,
      };
      this.memories.push(memory);
      asking.then(
        answer => {
          memory.answer = answer;
          this.#world.tell(`${api} ${request.kind} ${memory.stamp} is answered: ${answer.kind}`);
        },
        (error: ApiError) => {
          memory.failed = error.code;
          this.#world.tell(`${api} ${request.kind} ${memory.stamp} fails: ${error.code}`);
          again();
        },
      );
    });
  }

  #later(run: () => void): void {
    this.#world.scheduler.after(RETRY_DELAY_MS, undefined, run);
  }
}
