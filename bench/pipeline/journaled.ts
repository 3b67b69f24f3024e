/** Whether the engine has done what the list said: a bench that measures refusals would lie. */
import type { Json } from '../../shared/domain/fields.js';
import type { Journal } from '../../shared/io/journal.js';
import { type Act, CYCLE_LENGTH, cycleOf, pairOf } from '../load/order-cycles.js';
import { percent, whole } from '../measuring/text.js';

/** Where an ORDER_ENDED has its status. */
const STATUS = 4;

/** Says how much of what there was, or throws. @param commands after the sequence, whole cycles */
export async function assertJournaled(journal: Journal, after: number, commands: number): Promise<string> {
  const counts = new Map<Json, number>();
  let last = after;
  for await (const batch of journal.after(after)) {
    if (batch.first !== last + 1) throw new Error(`the journal has a hole after ${last}`);
    last = batch.last;
    for (const event of (JSON.parse(batch.events.toString()) as Json[][][]).flat()) {
      const what = event[0] === 'ORDER_ENDED' ? event[STATUS]! : event[0]!;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  }
  const count = (what: string) => counts.get(what) ?? 0;
  const isWhole =
    last - after === commands &&
    count('ORDER_PLACED') === share('REST', commands) + share('TRADE', commands) &&
    count('TRADE') === share('TRADE', commands) &&
    count('CANCELED') === share('CANCEL', commands) &&
    count('REFUSED') === 0;
  if (!isWhole)
    throw new Error(
      `the journal has ${last - after} of ${commands} commands, with ${JSON.stringify([...counts])}`,
    );
  return (
    `${whole(commands)} commands in the journal: ${percent(count('TRADE'), commands)} traded, ` +
    `${percent(count('CANCELED'), commands)} canceled what rested, none refused`
  );
}

function share(act: Act, commands: number): number {
  return (commands * cycleOf(pairOf(0)).filter(step => step.act === act).length) / CYCLE_LENGTH;
}
