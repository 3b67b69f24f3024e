/** How much all clients did. */
export interface Tally {
  requests: number;
  /** Commands only. */
  acknowledged: number;
  refused: number;
  notQueued: number;
  unknown: number;
}
