/** The `user` stream of each account: what the exchange reports about it. */
import type { Catalog } from '../catalog.js';
import type { HeardReport } from '../held-reports.js';
import { isReadable, reportForm } from '../report-forms.js';
import type { ReportLog } from '../report-log.js';
import { type Missed, message, type Stream } from './stream.js';

export const USER_STREAM = 'user';

export class UserStream implements Stream {
  readonly name = USER_STREAM;
  readonly topic: string;
  readonly #account: number;
  readonly #reports: ReportLog;
  readonly #catalog: Catalog;

  constructor(account: number, reports: ReportLog, catalog: Catalog) {
    this.topic = userTopic(account);
    this.#account = account;
    this.#reports = reports;
    this.#catalog = catalog;
  }

  position(): number {
    return this.#reports.place;
  }

  missedSince(position: number): Missed {
    const missed = this.#reports.after(this.#account, position);
    if (missed === undefined) return 'BEHIND';
    const isReady = missed.every(report => isReadable(report, this.#catalog));
    return isReady ? missed.map(report => userMessage(report, this.#catalog)) : 'WAIT';
  }
}

export function userTopic(account: number): string {
  return `${USER_STREAM}:${account}`;
}

export function userMessage(report: HeardReport, catalog: Catalog): string {
  return message(USER_STREAM, reportForm(report, catalog));
}
