/** A whole journal, to be had part by part, each in one step, as if an engine had just committed all of it. */
import type { Redis } from 'ioredis';

/** Sequences: of what is after the one, up to the other. */
export interface Span {
  after: number;
  end: number;
}

export interface Part extends Span {
  entries: readonly [id: string, fields: string[]][];
}

/** Takes away from a stream what is after the watermark, in parts of so many batches. */
export async function* partsOf(
  redis: Redis,
  stream: string,
  { watermark, batches }: { watermark: number; batches: number },
): AsyncGenerator<Part, undefined, void> {
  const aside = `${stream}:aside`;
  await redis.rename(stream, aside);
  // No stream takes an id again, not even one that it has lost.
  await append(redis, stream, await redis.xrange(aside, '-', `${watermark}-0`));
  for (let after = watermark; ; ) {
    const entries = await redis.xrange(aside, `(${after}-0`, '+', 'COUNT', batches);
    if (entries.length === 0) return undefined;
    const end = Number.parseInt(entries.at(-1)![0], 10);
    yield { after, end, entries };
    after = end;
  }
}

export async function append(redis: Redis, stream: string, entries: Part['entries']): Promise<void> {
  const step = redis.multi();
  for (const [id, fields] of entries) step.xadd(stream, id, ...fields);
  await step.exec();
}
