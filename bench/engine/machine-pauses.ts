/** How long the machine keeps a thread waiting that does nothing but look at the clock. */
import type { Span } from './collections.js';

/** @param leastMs of a pause, to be told */
export function machinePauses(seconds: number, leastMs: number): Span[] {
  const pauses: Span[] = [];
  const began = performance.now();
  for (let last = began; last < began + 1_000 * seconds; ) {
    const now = performance.now();
    if (now - last >= leastMs) pauses.push({ fromMs: last, toMs: now });
    last = now;
  }
  return pauses;
}
