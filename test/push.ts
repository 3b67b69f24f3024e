/** The api's way into the list of commands, for a test that has no api. */
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Keys } from '../shared/io/keys.js';

const PUSH = readFileSync(new URL('../api/push.lua', import.meta.url), 'utf8');

/** The script of the api. The function's limit: most entries that the list may hold. */
export function withPush(redis: Redis, { commands, wake, head }: Keys) {
  redis.defineCommand('push', { numberOfKeys: 3, lua: PUSH });
  const { push } = redis as unknown as { push(...args: (string | number)[]): Promise<number> };
  return (limit: number, ...entries: string[]) => push.call(redis, commands, wake, head, limit, ...entries);
}
