/**
 * The tests of what must be right (engine/core, shared/domain), by the names of their files: they are to find each fault
 * that `npm run mutate` makes, and what they run is what `npm run coverage` tells. Those that find the most in the
 * shortest time come first.
 */
export const CORE_TESTS: readonly string[] = [
  'state-hash',
  'found-cases',
  'engine-limits',
  'engine',
  'arithmetic',
  'random',
  'second-opinion',
  'codec',
  'folds',
  'golden-journal',
  'market-data',
];
