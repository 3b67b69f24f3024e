/** What a stream is. */

/** `WAIT`: not known yet, try again. `BEHIND`: not known any more. */
export type Missed = readonly string[] | 'WAIT' | 'BEHIND';

export interface Stream {
  /** As in `btc_usdt@trade`. */
  readonly name: string;
  /** Under which its messages are published: the name, but of a stream that everybody has one of. */
  readonly topic: string;
  /** How far the stream has come. */
  position(): number;
  /** The messages that take a reader from a position to where the stream is now. */
  missedSince(position: number): Missed;
}

export function message(stream: string, data: object): string {
  return JSON.stringify({ stream, data });
}
