/**
 * Time as the exchange's code sees it while it is simulated: timers, clocks and random names come from the scheduler.
 * The product reads them where every program does, so nothing in it knows.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Event, Scheduler } from './scheduler.js';

/** A Tuesday; any would do. */
export const WALL_ORIGIN_MS = Date.UTC(2030, 0, 1);

type Callback = (...args: unknown[]) => void;

class Timer {
  event: Event | undefined;

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  stop(): void {
    if (this.event !== undefined) this.event.run = undefined;
  }
}

/** The world whose time it is. */
let scheduler: Scheduler;
let names = 0;

/** From now on the time of this thread is that of the scheduler. */
export function enter(world: Scheduler): void {
  scheduler = world;
  names = 0;
}

/** The wall clock of whoever's code runs. */
export function wallClock(): number {
  return WALL_ORIGIN_MS + Math.floor(scheduler.now) + (scheduler.current?.clockOffsetMs ?? 0);
}

/** Once a thread. */
export function install(): void {
  Object.assign(globalThis, {
    setTimeout: (run: Callback, delayMs = 0, ...args: unknown[]) => once(() => run(...args), delayMs),
    setImmediate: (run: Callback, ...args: unknown[]) => once(() => run(...args), 0),
    setInterval: (run: Callback, intervalMs: number) => repeatedly(run, intervalMs),
    clearTimeout: stop,
    clearImmediate: stop,
    clearInterval: stop,
  });
  performance.now = () => scheduler.now;
  Date.now = wallClock;
  Object.assign(timersPromises, { setTimeout: sleep });
  Object.assign(crypto, {
    randomBytes: (size: number) => Buffer.from(nextName().padStart(2 * size, '0'), 'hex'),
    randomUUID: () => `00000000-0000-4000-8000-${nextName().padStart(12, '0')}`,
  });
  syncBuiltinESMExports();
}

function once(run: () => void, delayMs: number): Timer {
  const timer = new Timer();
  timer.event = scheduler.after(delayMs, scheduler.current, run);
  return timer;
}

function repeatedly(run: Callback, intervalMs: number): Timer {
  const timer = new Timer();
  const owner = scheduler.current;
  const next = () => {
    timer.event = scheduler.after(intervalMs, owner, () => {
      next();
      run();
    });
  };
  next();
  return timer;
}

function stop(timer: Timer | undefined | null): void {
  timer?.stop();
}

function sleep<T>(
  delayMs: number,
  value?: T,
  { signal }: { signal?: AbortSignal } = {},
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      timer.stop();
      reject(signal!.reason);
    };
    const timer = once(() => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    }, delayMs);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

function nextName(): string {
  return (++names).toString(16);
}
