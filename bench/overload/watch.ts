/** Watches the api from outside: its memory, and how soon it answers what needs nobody but itself. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import { Client } from '../../scripts/client/client.js';

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
  const probes = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  let mostMegabytes = 0;
  let over = false;
  const finish = work.finally(() => {
    over = true;
  });
  while (!over) {
    const sentAt = performance.now();
    await client.call('getTime', {});
    probes.recordValue(Math.round((performance.now() - sentAt) * 1000));
    mostMegabytes = Math.max(mostMegabytes, residentMegabytes(pid));
    await delay(PROBE_INTERVAL_MS);
  }
  client.close();
  const probeMs = (percent: number) => probes.getValueAtPercentile(percent) / 1000;
  const endMegabytes = residentMegabytes(pid);
  return [await finish, { mostMegabytes, endMegabytes, probeP50: probeMs(50), probeP99: probeMs(99) }];
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
