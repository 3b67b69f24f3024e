/** What the tests share that play the same scenarios on a simulated server and on the real one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { Admission } from '../engine/admission.js';
import { type AppliedBatch, BatchMaker } from '../engine/batch.js';
import { Clock } from '../engine/clock.js';
import { Machine } from '../engine/machine.js';
import type { Link } from '../scripts/sim/link.js';
import { planOf } from '../scripts/sim/plan.js';
import type { Owner } from '../scripts/sim/scheduler.js';
import { World } from '../scripts/sim/world.js';
import { encodeRequest, type JournalBatch, kept } from '../shared/domain/codec.js';
import { GENESIS } from '../shared/domain/genesis.js';
import type { TcpProxy } from './tcp-proxy.js';

const COMMIT_BATCHES = 3;

/** What was answered, step by step. */
export type Transcript = unknown[];

/** A way to be unlucky with a server. */
export interface BadLuck {
  /** What is asked next has its effect, but its answer does not come. */
  mute(): void;
  /** And now the connections are gone. */
  cut(): void;
}

/** The answer, or what was said instead. */
export async function said(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: Error) => `${error.name}: ${error.message.replace(/ script: .*/, '')}`);
}

export async function saidOf(calls: readonly (() => Promise<unknown>)[]): Promise<Transcript> {
  const answers: Transcript = [];
  for (const call of calls) answers.push(await said(call()));
  return answers;
}

/** What an engine would have written: the fresh exchange, then orders and trades. */
export function exampleBatches(): { batches: AppliedBatch[]; texts: JournalBatch[] } {
  const machine = new Machine();
  machine.startReporting();
  const clock = new Clock(Date.UTC(2030, 0, 1));
  const maker = new BatchMaker({ machine, clock, admission: new Admission() });
  const requests = [...GENESIS, ...planOf(3).asked.map(({ request }) => request)];
  const entries = requests.map((request, requestId) =>
    encodeRequest({ requestId, replyTo: 'api', deadline: Number.MAX_SAFE_INTEGER, request }),
  );
  const batches: AppliedBatch[] = [];
  const size = Math.ceil(entries.length / COMMIT_BATCHES);
  let after = 0;
  for (let at = 0; at < entries.length; at += size) {
    const place = { head: `1:${batches.length + 1}`, after };
    const batch = maker.apply(entries.slice(at, at + size), place);
    after = batch.journal!.end;
    batches.push({ ...batch, taken: 0, journal: kept(batch.journal!), reports: Buffer.from(batch.reports) });
  }
  return { batches, texts: batches.map(({ journal }) => journal!) };
}

/** A simulated world that lives in real time. */
export function livingWorld(t: Test): { world: World; owner: Owner } {
  const world = new World(1, false);
  const owner: Owner = { name: 'test', alive: true, pausedUntil: 0, clockOffsetMs: 0 };
  const began = performance.now();
  let isOver = false;
  const live = async () => {
    while (!isOver) {
      await world.scheduler.runUntil(performance.now() - began);
      await sleep(1);
    }
  };
  const living = live();
  t.teardown(() => {
    isOver = true;
    return living;
  });
  return { world, owner };
}

export function unlucky(proxy: TcpProxy): BadLuck {
  return {
    mute: () => proxy.mute(true),
    cut: () => {
      proxy.mute(false);
      proxy.cut();
    },
  };
}

/** The connection goes with the answer. @param links those of whoever asks */
export function simulatedBadLuck(links: () => Iterable<Link>): BadLuck {
  return {
    mute: () => {
      for (const link of links()) link.doom = 'AFTER_EFFECT';
    },
    cut: () => {},
  };
}
