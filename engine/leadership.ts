/**
 * Who may commit. The head fences: an engine that has lost the leadership can never write again, lease or not. The
 * lease only says when another one may take over.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../shared/io/log.js';
import type { CommandLog } from './command-log.js';

const LEASE_MS = 1000;
const RENEW_INTERVAL_MS = 300;

export class Leadership {
  #renewal: NodeJS.Timeout | undefined;

  constructor(
    readonly commandLog: CommandLog,
    readonly instance: string,
    readonly log: Logger,
  ) {}

  /** The head of a new epoch, or nothing while another engine leads or Redis is away. */
  async tryTake(): Promise<string | null> {
    const head = await this.commandLog.lead(this.instance, LEASE_MS).catch(() => null);
    if (head === null) await delay(RENEW_INTERVAL_MS / 3);
    return head;
  }

  /** Renews the lease from now on. @param onLost another engine leads */
  keep(onLost: () => void): void {
    this.#renewal = setInterval(() => {
      this.commandLog.renew(this.instance, LEASE_MS).then(
        leads => leads || onLost(),
        error => this.log.debug({ error: error.message }, 'lease not renewed'),
      );
    }, RENEW_INTERVAL_MS);
  }

  /** Lets another engine lead at once. */
  async resign(): Promise<void> {
    clearInterval(this.#renewal);
    await this.commandLog.resign(this.instance).catch(() => {});
  }
}
