/** What an api has served over HTTP since its start, in plain numbers. */
import { type ErrorCode, noRefusals } from '../errors.js';
import type { Route } from './route.js';

export class Traffic {
  readonly refusals = noRefusals();
  /** Of no route: under undefined. */
  readonly requests = new Map<Route | undefined, number>();

  constructor(routes: readonly Route[]) {
    for (const route of [...routes, undefined]) this.requests.set(route, 0);
  }

  count(route: Route | undefined, code: ErrorCode | undefined): void {
    this.requests.set(route, this.requests.get(route)! + 1);
    if (code !== undefined) this.refusals[code]++;
  }
}
