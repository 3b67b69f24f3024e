/**
 * Whether one more order is let in while more come than are answered (D10).
 *
 * How long an order waits is how many wait, divided by how many are answered a second, on any machine. So what bounds
 * the waiting, for those that are let in, is a bound on their number, and no time need be measured. A burst is let in:
 * it is over soon. What stands for longer than that is more than can be answered, and as many as `MOST_STANDING` keep
 * the engine's batches large enough; more would only make each wait longer.
 *
 * Who is refused at once comes again at once, and then refusing takes the processor from the orders that were let in;
 * so a refusal is given after `refusalDelayMs`. It is read and checked by nobody before.
 *
 * Measured with `npm run bench:overload` (2,560 connections instead of 256, on 2 cores that had three times as much other
 * work), accepted orders in ms, usual and overloaded:
 *   no bound                        p50 51 and 371, p99 137 and 614
 *   refused at once                 p50 94 and 400, p99 271 and 1317, 11,300 refusals a second
 *   refused after a second or so    p50 72 and 109, p99 164 to 319 and 358, 2,100 refusals a second
 */

/** As many as `npm run bench` has connections at most. */
export const MOST_STANDING = 256;
/** In a burst. */
export const MOST_AT_ONCE = 1024;
export const BURST_MS = 250;
/** After so long without a crowd the next one may be a burst again: longer than the refused stay away. */
export const CALM_MS = 5000;

const MEAN_REFUSAL_DELAY_MS = 1000;

export class Crowd {
  #crowdBegan = Number.NEGATIVE_INFINITY;
  #crowdSeen = Number.NEGATIVE_INFINITY;

  /** @param waiting how many wait already @param now milliseconds of any clock that does not jump */
  admits(waiting: number, now: number): boolean {
    if (waiting < MOST_STANDING) return true;
    if (now - this.#crowdSeen > CALM_MS) this.#crowdBegan = now;
    this.#crowdSeen = now;
    return waiting < MOST_AT_ONCE && now - this.#crowdBegan < BURST_MS;
  }
}

/** Half to one and a half of the mean, so that those who were refused together do not come again together. */
export function refusalDelayMs(): number {
  return MEAN_REFUSAL_DELAY_MS * (0.5 + Math.random());
}
