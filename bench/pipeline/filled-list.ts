/** A list of commands that is filled aside, and then given to an engine in one step. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { encodeRequest } from '../../shared/domain/codec.js';
import type { Command } from '../../shared/domain/commands.js';
import type { Keys } from '../../shared/io/keys.js';

const CHUNK = 1000;
const POLL_MS = 1;

export async function fill(redis: Redis, list: string, commands: readonly Command[]): Promise<void> {
  const entries = commands.map((request, requestId) =>
    encodeRequest({ requestId, replyTo: 'bench', deadline: Number.MAX_SAFE_INTEGER, request }),
  );
  for (let from = 0; from < entries.length; from += CHUNK)
    await redis.rpush(list, ...entries.slice(from, from + CHUNK));
}

/** Seconds until the last of a list's commands is durable: the commit that takes it out of the list is on disk before any answer. */
export async function drain(redis: Redis, list: string, keys: Keys): Promise<number> {
  await redis.copy(list, keys.commands);
  const started = performance.now();
  await redis.publish(keys.wake, '');
  while ((await redis.exists(keys.commands)) === 1) await delay(POLL_MS);
  return (performance.now() - started) / 1000;
}
