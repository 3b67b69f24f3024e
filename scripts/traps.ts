/**
 * `npm run traps`: the traps of a queue in Redis, each first as it catches a naive way, then closed by ours, on real
 * servers of its own.
 *
 * Guarantees: the exit code is 0 only when every naive way was harmed and none of ours.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { earlyPublish } from './traps/early-publish.js';
import { lostAnswer } from './traps/lost-answer.js';
import { refusedCommit } from './traps/refused-commit.js';
import { resentPush } from './traps/resent-push.js';
import { isClosed, type Trap, type Way } from './traps/trap.js';

const TRAPS: readonly Trap[] = [lostAnswer, refusedCommit, resentPush, earlyPublish];

for (const trap of TRAPS) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-trap-'));
  try {
    console.log(`\n${trap.title}`);
    const ways = await trap.show(folder);
    for (const way of ways) console.log(line(way));
    if (!isClosed(ways)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
console.log(process.exitCode === 1 ? '\nNot as it should be.' : '\nEvery trap is there, and closed.');

function line({ whose, what, rounds, harmed, harm }: Way): string {
  const came = harmed > 0 ? harm : 'nothing was lost, doubled or told too early';
  return `  ${whose.padEnd(5)}  ${what}\n         ${harmed} of ${rounds} times harmed: ${came}`;
}
