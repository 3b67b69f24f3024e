/** The floors' server, as a process with the flags of the api. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/running/ports.js';
import type { Address } from '../load/connection.js';
import type { Outcome } from '../load/generators.js';
import { startChild } from '../measuring/processes.js';

const SERVER = fileURLToPath(new URL('floor-server.js', import.meta.url));

export interface Floor extends Address {
  pid: number;
}

/** @param samples what the exchange has answered to each act */
export async function startFloor(samples: Outcome['samples']): Promise<Floor> {
  const port = await freePort();
  const server = startChild(SERVER, [String(port), JSON.stringify(samples)]);
  await once(server, 'message');
  return { host: '127.0.0.1', port, pid: server.pid! };
}
