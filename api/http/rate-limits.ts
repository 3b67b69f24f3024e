/**
 * The limits of the routes that have one: of a caller's account, or of a client's address where nobody is known yet.
 * Each route counts by itself, so that who placed too many orders can still cancel them.
 */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { ApiError } from '../errors.js';
import { type Rate, RateLimit } from '../rate-limit.js';
import type { Limited } from './operations.js';
import type { Route } from './route.js';

export type Rates = Readonly<Record<Limited, Rate>>;

/** An IPv6 network has so many bytes, and belongs to one client. */
const NETWORK_BYTES = 8;
const IPV4_IN_IPV6 = Buffer.from('00000000000000000000ffff', 'hex');

export class RateLimits {
  readonly #limits: ReadonlyMap<Route, RateLimit>;

  constructor(routes: readonly Route[], rates: Rates) {
    const limited = routes.filter(({ limited }) => limited !== undefined);
    this.#limits = new Map(limited.map(route => [route, new RateLimit(rates[route.limited!])]));
  }

  /** Counts a request to a route that is limited, or says how it is refused. */
  refusal(route: Route, who: string | number): ApiError | undefined {
    const waitMs = this.#limits.get(route)!.take(who, performance.now());
    if (waitMs === 0) return undefined;
    const refusal = new ApiError('RATE_LIMITED', 'too many such requests; this one was not taken');
    refusal.headers = { 'Retry-After': String(Math.ceil(waitMs / 1000)) };
    return refusal;
  }
}

/**
 * Whose limit an address counts for: an IPv4 address, or the network of an IPv6 one.
 * @param behindProxy the client is the last one in X-Forwarded-For; else whoever is connected
 */
export function clientAddress(response: HttpResponse, request: HttpRequest, behindProxy: boolean): string {
  const forwarded = forwardedAddress(request, behindProxy);
  if (forwarded !== undefined) return forwarded;
  const address = Buffer.from(response.getRemoteAddress());
  const isNetwork = address.length > 4 && !address.subarray(0, IPV4_IN_IPV6.length).equals(IPV4_IN_IPV6);
  return (isNetwork ? address.subarray(0, NETWORK_BYTES) : address).toString('hex');
}

/** The client that the proxy saw: the last one in X-Forwarded-For. */
export function forwardedAddress(request: HttpRequest, behindProxy: boolean): string | undefined {
  const forwarded = behindProxy ? request.getHeader('x-forwarded-for') : '';
  return forwarded === '' ? undefined : forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
}
