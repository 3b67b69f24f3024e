/**
 * `GET /metrics`, for those who run the exchange: whoever comes from a public address is refused.
 *
 * Guarantees: however many ask, the figures are gathered by one reading at a time, and kept for `KEPT_MS`.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { TEXT_TYPE } from '../../shared/io/metrics.js';
import { ApiError } from '../errors.js';
import { forwardedAddress } from './rate-limits.js';

const KEPT_MS = 200;
/** Loopback, private and link-local networks. */
const NETWORKS = [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const;

const FORBIDDEN = new ApiError('FORBIDDEN', 'only for those who come from a private address');

const ours = new BlockList();
for (const [network, prefix] of NETWORKS) ours.addSubnet(network, prefix, family(network));

/** @param behindProxy clients come by way of a proxy that tells their addresses (X-Forwarded-For) */
export function attachMetrics(app: TemplatedApp, read: () => Promise<string>, behindProxy: boolean): void {
  const text = kept(read);
  app.get('/metrics', (response, request) => {
    let gone = false;
    response.onAborted(() => {
      gone = true;
    });
    const answer = isOurs(response, request, behindProxy) ? text() : Promise.reject(FORBIDDEN);
    answer.then(
      body => gone || send(response, '200 OK', TEXT_TYPE, body),
      error => gone || refuse(response, error),
    );
  });
}

/** The same answer for all who ask within a moment. */
function kept(read: () => Promise<string>): () => Promise<string> {
  let current: Promise<string> | undefined;
  return () => {
    if (current === undefined) {
      current = read();
      const forget = () => setTimeout(() => (current = undefined), KEPT_MS).unref();
      current.then(forget, forget);
    }
    return current;
  };
}

function isOurs(response: HttpResponse, request: HttpRequest, behindProxy: boolean): boolean {
  const connected = () => Buffer.from(response.getRemoteAddressAsText()).toString();
  return isPrivate(forwardedAddress(request, behindProxy) ?? connected());
}

/** Of what is no address: no. */
export function isPrivate(address: string): boolean {
  return ours.check(address, family(address));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function refuse(response: HttpResponse, error: unknown): void {
  const refusal =
    error instanceof ApiError ? error : new ApiError('INTERNAL_ERROR', `no figures: ${String(error)}`);
  const status = `${refusal.status} ${STATUS_CODES[refusal.status]}`;
  send(response, status, 'application/json', JSON.stringify(refusal.body()));
}

function send(response: HttpResponse, status: string, type: string, body: string): void {
  response.cork(() => {
    response.writeStatus(status).writeHeader('Content-Type', type).writeHeader('Cache-Control', 'no-store');
    response.end(body);
  });
}
