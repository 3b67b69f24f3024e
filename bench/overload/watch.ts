/** Watches the api from outside: its memory, and how soon it answers what needs nobody but itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../scripts/client/client.js';
import { Latencies } from '../measuring/latencies.js';
import { residentOf } from '../measuring/processes.js';

const PROBE_INTERVAL_MS = 20;

export interface Watched {
  /** Of memory in use, in megabytes. */
  mostMegabytes: number;
  endMegabytes: number;
  /** Milliseconds until GET /time is answered: how long what comes in waits for the event loop. */
  probeP50: number;
  probeP99: number;
}

/** Watches until the work is done. */
export async function watchApi<T>(address: string, pid: number, work: Promise<T>): Promise<[T, Watched]> {
  const client = new Client(address);
  const probes = new Latencies();
  let mostMegabytes = 0;
  let over = false;
  const finish = work.finally(() => {
    over = true;
  });
  while (!over) {
    const sentAt = performance.now();
    await client.call('getTime', {});
    probes.addMs(performance.now() - sentAt);
    mostMegabytes = Math.max(mostMegabytes, Math.round(residentOf(pid)));
    await delay(PROBE_INTERVAL_MS);
  }
  client.close();
  const probeMs = (percentile: number) => probes.at(percentile) / 1e6;
  const endMegabytes = Math.round(residentOf(pid));
  return [await finish, { mostMegabytes, endMegabytes, probeP50: probeMs(50), probeP99: probeMs(99) }];
}
