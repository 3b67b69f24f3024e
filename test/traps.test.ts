/** The scripts that show the traps of the queue: each trap catches the naive ways, and none of ours. */
import t from 'tap';
import { earlyPublish } from '../scripts/traps/early-publish.js';
import { lostAnswer } from '../scripts/traps/lost-answer.js';
import { refusedCommit } from '../scripts/traps/refused-commit.js';
import { resentPush } from '../scripts/traps/resent-push.js';

for (const trap of [lostAnswer, refusedCommit, resentPush, earlyPublish]) {
  t.test(trap.title, async t => {
    for (const { whose, what, harmed, harm } of await trap.show(t.testdir())) {
      if (whose === 'ours') t.equal(harmed, 0, `${what}: ${harm}`);
      else t.not(harmed, 0, what);
    }
  });
}
