/** What a route is: an operation with what handles it. */
import type { z } from 'zod';
import type { Caller } from '../tokens.js';
import type { Kept } from './kept.js';
import type { Operation } from './operations.js';
import type { Services } from './services.js';

/** Gives the answer's body, a `Reply` or what is `Kept`; throws an `ApiError` to refuse. */
export type Handler<O extends Operation> = O extends { readonly auth: 'none' }
  ? (services: Services, input: z.output<O['input']>) => Handled<O>
  : (services: Services, input: z.output<O['input']>, caller: Caller, parameter: string) => Handled<O>;

type Handled<O extends Operation> = Result<z.input<O['answer']>> | Promise<Result<z.input<O['answer']>>>;
type Result<B> = B | Reply<B> | Kept<B>;

interface PublicRoute extends Operation {
  readonly auth: 'none';
  handle(services: Services, input: unknown): unknown;
}

interface UserRoute extends Operation {
  readonly auth: 'user' | 'admin';
  /** @param parameter the segment that `:name` stands for, else empty */
  handle(services: Services, input: unknown, caller: Caller, parameter: string): unknown;
}

export type Route = PublicRoute | UserRoute;

/** An answer whose status is not its route's. */
export class Reply<B = unknown> {
  constructor(
    readonly status: number,
    readonly body: B,
  ) {}
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
