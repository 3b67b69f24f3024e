/** What a route is: a line of the table in routes.ts. */
import type { z } from 'zod';
import type { Caller } from '../tokens.js';
import type { Services } from './services.js';

export const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** Whose requests to a route are counted together: the caller's account's, or its address's. */
export type Limited = 'ACCOUNT' | 'ADDRESS';

interface Described<I> {
  readonly method: Method;
  /** May end in `/:name`, which stands for one segment. */
  readonly path: string;
  /** Of the body of a POST or PATCH, of the query string of a GET or DELETE. */
  readonly input: z.ZodType<I>;
  /** Of an answer that is no `Reply`. */
  readonly status: 200 | 201;
  /** Refused, before it is read, while more of it comes than is answered (crowd.ts). */
  readonly isShed?: true;
  /** Has a limit of its own (rate-limits.ts); by `ACCOUNT` only where there is a caller. */
  readonly limited?: Limited;
}

export interface PublicRoute<I> extends Described<I> {
  readonly auth: 'none';
  /** The answer's body, or a `Reply`; throws an `ApiError` to refuse. */
  handle(services: Services, input: I): unknown;
}

export interface UserRoute<I> extends Described<I> {
  readonly auth: 'user' | 'admin';
  /** @param parameter the segment that `:name` stands for, else empty */
  handle(services: Services, input: I, caller: Caller, parameter: string): unknown;
}

/** Its schema and its handler fit: `route` has seen to it. */
export type Route = PublicRoute<unknown> | UserRoute<unknown>;

/** An answer whose status is not its route's. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {}
}

export function route<I>(description: PublicRoute<I> | UserRoute<I>): Route {
  return description as Route;
}

/** Finds routes by path and method. */
export class Router {
  readonly #paths = new Map<string, Map<string, Route>>();

  constructor(routes: readonly Route[]) {
    for (const entry of routes) {
      const path = entry.path.replace(/:\w+$/, ':');
      const methods = this.#paths.get(path) ?? new Map<string, Route>();
      methods.set(entry.method, entry);
      this.#paths.set(path, methods);
    }
  }

  /** The routes of a path by method, and the segment that a path's `:name` stands for; undefined where none has it. */
  find(path: string): { methods: ReadonlyMap<string, Route>; parameter: string } | undefined {
    const methods = this.#paths.get(path);
    if (methods !== undefined) return { methods, parameter: '' };
    const end = path.lastIndexOf('/') + 1;
    const withParameter = this.#paths.get(`${path.slice(0, end)}:`);
    return withParameter && { methods: withParameter, parameter: path.slice(end) };
  }
}
