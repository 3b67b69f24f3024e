/**
 * Memory follows the greatest number of orders that ever rested at once, not how many came and went: in the book alone,
 * and in the whole exchange. Measured after garbage collection, each run in a process of its own (memory-child.ts).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ChurnFigures, CrowdFigures } from './memory-child.js';

const CHILD = fileURLToPath(new URL('memory-child.js', import.meta.url));
const MB = 2 ** 20;
/** What the heap of a process differs by from one moment to another. */
const SLACK = 4 * MB;
/** For a million resting orders; what the exchange keeps about each besides is not in it. */
const MOST_OF_A_BOOK = 200 * MB;

t.setTimeout(0);

for (const place of ['book', 'exchange']) {
  t.test(`orders that come and go leave nothing behind in the ${place}`, async t => {
    const { orders, afterAQuarter, atTheEnd } = figuresOf<ChurnFigures>(`churn ${place}`);
    const growth = atTheEnd - afterAQuarter;
    t.comment(`${orders} placed and cancelled: ${inMb(atTheEnd)}, ${inMb(growth)} more than after a quarter`);
    t.ok(growth < SLACK, 'the heap is where it was');
  });

  t.test(`a crowd of orders in the ${place} takes the room of the crowd before it`, async t => {
    const { orders, empty, full, emptied, fullAgain } = figuresOf<CrowdFigures>(`crowd ${place}`);
    const each = Math.round((full - empty) / orders);
    t.comment(`${orders} resting: ${inMb(full - empty)}, ${each} bytes each`);
    t.comment(`cancelled: ${inMb(emptied - empty)}, resting again: ${inMb(fullAgain - empty)}`);
    t.ok(fullAgain - full < SLACK, 'nothing new was needed');
    if (place === 'book') t.ok(full - empty < MOST_OF_A_BOOK, `under ${inMb(MOST_OF_A_BOOK)}`);
  });
}

/** Nothing of the test runner is in the child: it would be in the figures. */
function figuresOf<Figures>(run: string): Figures {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', CHILD, run], {
    encoding: 'utf8',
    env: {},
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Figures;
}

function inMb(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}
