/**
 * Who may commit. The head fences: an engine that has lost the leadership can never write again, lease or not. The
 * lease only says when another one may take over.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../shared/io/log.js';
import type { CommandLog } from './command-log.js';

/** In a lease. */
const RENEWALS = 3;
const TRIES = 10;

export interface LeadershipSettings {
  commandLog: CommandLog;
  /** Unique among the engines that ever were. */
  instance: string;
  leaseMs: number;
  log: Logger;
}

export class Leadership {
  readonly #settings: LeadershipSettings;
  #renewal: NodeJS.Timeout | undefined;
  /** `performance.now()`. */
  #reportAt = 0;

  constructor(settings: LeadershipSettings) {
    this.#settings = settings;
  }

  /**
   * The head of a new epoch, or, a moment later, nothing while another engine leads or Redis is away.
   * @param sequence how far this engine has come, for those who watch it stand by
   */
  async tryTake(sequence: number): Promise<string | null> {
    const { commandLog, instance, leaseMs } = this.#settings;
    const head = await commandLog.lead(instance, leaseMs).catch(() => null);
    if (head !== null) return head;
    this.#report(sequence);
    await delay(leaseMs / TRIES);
    return null;
  }

  #report(sequence: number): void {
    const { commandLog, instance, leaseMs } = this.#settings;
    if (performance.now() < this.#reportAt) return;
    this.#reportAt = performance.now() + leaseMs;
    commandLog.standBy(instance, sequence, leaseMs).catch(() => {});
  }

  /** Renews the lease from now on. @param onLost another engine leads */
  keep(onLost: () => void): void {
    const { commandLog, instance, leaseMs, log } = this.#settings;
    this.#renewal = setInterval(() => {
      commandLog.renew(instance, leaseMs).then(
        leads => leads || onLost(),
        error => log.debug({ error: error.message }, 'lease not renewed'),
      );
    }, leaseMs / RENEWALS);
  }

  /** Lets another engine lead at once. */
  async resign(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#settings.commandLog.resign(this.#settings.instance).catch(() => {});
  }
}
