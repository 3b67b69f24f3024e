/**
 * A process with many readers of one stream, of which one may be stuck: it has subscribed and reads no more.
 *
 * It is told `measure`, `report` and `end` by messages; its report counts what came between the first two.
 */

import type { Address } from '../load/connection.js';
import { Latencies } from '../measuring/latencies.js';
import { Reader } from './reader.js';

export interface ReadersTask {
  address: Address;
  sockets: number;
  stuck: number;
  stream: string;
}

export interface ReadersReport {
  deliveries: number;
  seconds: number;
  /** From the time that the message tells to its receipt. Encoded. */
  delays: string;
  /** Of a core. */
  ownCpu: number;
}

/** One message of so many is looked into. */
const LOOKED_INTO = 50;
const TIME = /"E":(\d+)/;
/** So many connect at once. */
const CONNECTING = 200;

const task = JSON.parse(process.argv[2]!) as ReadersTask;
const subscription = JSON.stringify({ method: 'SUBSCRIBE', params: [task.stream], id: 1 });
const readers: Reader[] = [];
let subscribed = 0;
let deliveries = 0;
let delays = new Latencies();
let startedAt = 0;
let cpu = process.cpuUsage();

// Whoever has started it is gone, or wants no more.
process.once('disconnect', () => process.exit());

for (let at = 0; at < CONNECTING && at < task.sockets; at++) connectNext();

process.on('message', message => {
  if (message === 'measure') {
    deliveries = 0;
    delays = new Latencies();
    startedAt = performance.now();
    cpu = process.cpuUsage();
  } else if (message === 'report') {
    process.send!(report());
  } else {
    for (const reader of readers) reader.close();
    process.disconnect();
  }
});

function connectNext(): void {
  let isSubscribed = false;
  const reader = new Reader(task.address, subscription, text => {
    if (isSubscribed) return delivered(text);
    isSubscribed = true;
    if (++subscribed === task.sockets) process.send!('subscribed');
    else if (readers.length < task.sockets) connectNext();
    if (subscribed <= task.stuck) reader.stick();
  });
  readers.push(reader);
}

function delivered(text: Buffer): void {
  if (++deliveries % LOOKED_INTO !== 0) return;
  const time = TIME.exec(text.toString('latin1'))?.[1];
  if (time !== undefined)
    delays.addMs(Math.max(0, performance.timeOrigin + performance.now() - Number(time)));
}

function report(): ReadersReport {
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { deliveries, seconds, delays: delays.encoded(), ownCpu: (user + system) / 1e6 / seconds };
}
