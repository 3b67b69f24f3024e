/**
 * What the exchange did, by its journal, against what it acknowledged: each command that was carried out has been
 * acknowledged, so that whatever was refused has changed nothing.
 */
import type { Redis } from 'ioredis';
import { decodeCommands, decodeEvents, decodeRequest, isCommand } from '../../shared/domain/codec.js';
import type { CommandKind } from '../../shared/domain/commands.js';
import { Journal } from '../../shared/io/journal.js';
import type { Keys } from '../../shared/io/keys.js';
import type { Outcome } from './connection.js';
import { codeOf } from './judge.js';
import type { FuzzRequest } from './requests.js';

/** The command of each route that has one. Where a route is not here whose command is carried out, they differ. */
const COMMAND_OF: Readonly<Record<string, CommandKind>> = {
  'POST /api/v1/order': 'PLACE_ORDER',
  'DELETE /api/v1/order': 'CANCEL_ORDER',
  'DELETE /api/v1/order/open': 'CANCEL_ALL',
  'POST /api/v1/user/deposit': 'DEPOSIT',
  'POST /api/v1/user/withdraw': 'WITHDRAW',
  'POST /api/v1/admin/deposit': 'DEPOSIT',
  'POST /api/v1/admin/assets': 'CREATE_ASSET',
  'POST /api/v1/admin/markets': 'CREATE_MARKET',
  'PATCH /api/v1/admin/markets/:market': 'UPDATE_MARKET',
};

const READ_INTERVAL_MS = 200;

type Counts = Map<CommandKind, number>;

export class Effects {
  readonly #journal: Journal;
  #position = 0;
  readonly #done: Counts = new Map();
  readonly #acknowledged: Counts = new Map();
  /** Perhaps done. */
  readonly #unknown: Counts = new Map();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(redis: Redis, keys: Keys) {
    this.#journal = new Journal(redis, keys.journal);
  }

  /** From now on the journal is read, before it is trimmed. */
  async begin(): Promise<void> {
    this.#position = (await this.#journal.extent()).last;
    this.#timer = setInterval(() => void this.#read(), READ_INTERVAL_MS);
  }

  note({ route }: FuzzRequest, outcome: Outcome): void {
    const kind = route === undefined ? undefined : COMMAND_OF[route];
    if (kind === undefined || typeof outcome === 'string') return;
    if (outcome.status < 300) count(this.#acknowledged, kind);
    else if (codeOf(outcome) === 'UNKNOWN_OUTCOME') count(this.#unknown, kind);
  }

  /** How many commands were carried out. */
  get done(): number {
    return [...this.#done.values()].reduce((sum, number) => sum + number, 0);
  }

  /** What was done and not acknowledged, or acknowledged and not done. */
  async end(): Promise<string[]> {
    clearInterval(this.#timer);
    await this.#read();
    const kinds = new Set(Object.values(COMMAND_OF));
    return [...kinds].flatMap(kind => {
      const [done, acknowledged, unknown] = [this.#done, this.#acknowledged, this.#unknown].map(
        counts => counts.get(kind) ?? 0,
      ) as [number, number, number];
      const agrees = done >= acknowledged && done <= acknowledged + unknown;
      return agrees ? [] : [`${kind}: ${done} carried out, ${acknowledged} acknowledged, ${unknown} unknown`];
    });
  }

  #read(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOn());
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    for await (const batch of this.#journal.after(this.#position)) {
      const events = decodeEvents(batch.events);
      for (const [place, { entry }] of decodeCommands(batch.commands).entries()) {
        const decoded = decodeRequest(entry);
        if ('malformed' in decoded || !isCommand(decoded.request)) continue;
        if (events[place]![0]!.kind !== 'REFUSED') count(this.#done, decoded.request.kind);
      }
      this.#position = batch.last;
    }
  }
}

function count(counts: Counts, kind: CommandKind): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
