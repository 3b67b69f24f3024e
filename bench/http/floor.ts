/** The floors' server, as a process with the flags of the api. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../scripts/running/ports.js';
import { NODE_OPTIONS } from '../../scripts/running/program.js';
import type { Address } from '../load/connection.js';
import type { Outcome } from '../load/generators.js';

const SERVER = fileURLToPath(new URL('floor-server.js', import.meta.url));

export interface Floor {
  address: Address;
  stop: () => Promise<void>;
}

/** @param samples what the exchange has answered to each act */
export async function startFloor(samples: Outcome['samples']): Promise<Floor> {
  const port = await freePort();
  const server = fork(SERVER, [String(port), JSON.stringify(samples)], { execArgv: NODE_OPTIONS });
  await once(server, 'message');
  const stop = async () => {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  };
  return { address: { host: '127.0.0.1', port }, stop };
}
