/**
 * Answers that are the same for everybody until something changes: written once, and not sent again to a client that
 * has them.
 */
import { createHash } from 'node:crypto';

export class Kept<B = unknown> {
  readonly body: B;
  readonly json: string;
  /** As in the header: in quotes. The same body has the same one, in every process. */
  readonly etag: string;

  constructor(body: B) {
    this.body = body;
    this.json = JSON.stringify(body);
    this.etag = etagOf(this.json);
  }
}

export function etagOf(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

/** Whether an If-None-Match header, empty where there is none, names the tag. */
export function matches(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
}

/** What is made of a list that is replaced when it changes: made once, kept as long as the list is. */
export function keptWith<K extends object, B>(make: (list: K) => B): (list: K) => Kept<B> {
  const known = new WeakMap<K, Kept<B>>();
  return list => {
    const kept = known.get(list) ?? new Kept(make(list));
    known.set(list, kept);
    return kept;
  };
}
