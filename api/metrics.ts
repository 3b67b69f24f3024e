/**
 * The whole exchange in Prometheus' terms, whichever api is asked: what this process counts, what the others told last,
 * and what Redis and Postgres say of the exchange.
 */
import { Metrics, type Reading, textOf } from '../shared/io/metrics.js';
import type { MetricsHearer } from '../shared/io/metrics-channel.js';
import type { RefusalCounts } from './errors.js';
import type { Health } from './health.js';
import type { Entrance } from './http/entrance.js';
import type { Route } from './http/route.js';
import type { Traffic } from './http/traffic.js';
import type { Gateway } from './ws/gateway.js';

export interface ApiParts {
  engine: { readonly waiting: number };
  entrance: Entrance;
  traffic: Traffic;
  gateway: Gateway;
}

export function measureApi(metrics: Metrics, { engine, entrance, traffic, gateway }: ApiParts): void {
  metrics.counters('lockstep_requests_total', 'HTTP requests that were answered', ['route'], () =>
    [...traffic.requests].map(([route, count]) => [{ route: routeName(route) }, count]),
  );
  metrics.counters(
    'lockstep_refusals_total',
    'Errors that clients were answered',
    ['surface', 'code'],
    () => [...refusals('http', traffic.refusals), ...refusals('websocket', gateway.traffic().refusals)],
  );
  metrics.gauge(
    'lockstep_waiting_requests',
    'Asked of the engine, and not yet answered',
    () => engine.waiting,
  );
  metrics.gauges('lockstep_sockets', 'Open connections', ['surface'], () => [
    [{ surface: 'http' }, entrance.sockets],
    [{ surface: 'websocket' }, gateway.traffic().sockets],
  ]);
  metrics.gauge('lockstep_subscriptions', 'Streams that are read', () => gateway.traffic().subscriptions);
  metrics.counters(
    'lockstep_drops_total',
    'Connections closed for being too slow, or as one too many',
    ['surface'],
    () => [
      [{ surface: 'http' }, entrance.drops],
      [{ surface: 'websocket' }, gateway.traffic().drops],
    ],
  );
}

/** In the form that Prometheus reads. @param process the api that is asked */
export async function exchangeText(
  process: string,
  metrics: Metrics,
  hearer: MetricsHearer,
  health: Health,
): Promise<string> {
  const exchange = await exchangeMetrics(health);
  return textOf([await exchange.read(), await metrics.read(), ...hearer.others(process)]);
}

/** Of the exchange as a whole, so without a process. What is not known has no series. */
async function exchangeMetrics(health: Health): Promise<Metrics> {
  const [{ ready, sequence, leader, standbys, redis, postgres, dbWriter }, backlog] = await Promise.all([
    health.check(),
    health.backlog(),
  ]);
  const metrics = new Metrics();
  const tell = (name: string, help: string, value: number | null | undefined): void =>
    metrics.gauge(`lockstep_${name}`, help, () => value ?? undefined);
  tell('ready', 'Orders can be taken', Number(ready));
  tell('epoch', 'Take-overs so far', leader?.epoch);
  tell('sequence', 'The last command that is durable', sequence);
  tell('standbys', 'Engines that stand by', backlog && standbys.length);
  tell('standby_lag_commands', 'Of the standby that is furthest behind', furthest(standbys));
  tell('list_entries', 'What waits in the list of commands', backlog?.entries);
  tell('journal_bytes', 'Of the journal', backlog?.journalBytes);
  tell('watermark', 'The last command that is in Postgres', dbWriter.watermark);
  tell('writer_lag_commands', 'Commands that are not yet in Postgres', dbWriter.lag);
  tell('redis_up', 'Redis answers the api', Number(redis === 'up'));
  tell('postgres_up', 'Postgres answers the api', Number(postgres === 'up'));
  return metrics;
}

function furthest(standbys: readonly { lag: number }[]): number | undefined {
  return standbys.length === 0 ? undefined : Math.max(...standbys.map(({ lag }) => lag));
}

function refusals(surface: string, counts: RefusalCounts): Reading[] {
  return Object.entries(counts).map(([code, count]) => [{ surface, code }, count]);
}

function routeName(route: Route | undefined): string {
  return route === undefined ? 'unknown' : `${route.method} ${route.path}`;
}
