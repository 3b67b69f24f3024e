/** What a random session (swarm.ts) comes to: commands at their times, as far as they depend on what there is then. */
import type { Command } from '../shared/domain/commands.js';
import type { Order } from '../shared/domain/entities.js';
import type { Input } from './recorded.js';
import type { Intent, Session, Step } from './swarm.js';

/**
 * The session's commands; each is to be executed before the next one is taken.
 * @param openOrders those that are open at the moment
 */
export function* commandsOf(
  { opening, steps }: Session,
  openOrders: () => readonly Order[],
): Generator<Input> {
  const told: Command[] = [];
  let time = 1;
  const openingSteps = opening.map((intent): Step => ({ intent, wait: 0, patience: 0 }));
  for (const { intent, wait, patience } of [...openingSteps, ...steps]) {
    const command = commandOf(intent, openOrders, told);
    if (command === undefined) continue;
    time += wait;
    told.push(command);
    yield { command, timing: { time, deadline: time + patience } };
  }
}

/** The command that is meant; undefined where there is nothing that it could be about. */
function commandOf(
  intent: Intent,
  openOrders: () => readonly Order[],
  told: readonly Command[],
): Command | undefined {
  switch (intent.kind) {
    case 'CANCEL_OPEN': {
      const open = openOrders();
      return open.length === 0 ? undefined : cancelOf(open[intent.pick % open.length]!, intent);
    }
    case 'TRANSFER_AGAIN': {
      const withKey = told.filter(({ body }) => 'key' in body && body.key !== null);
      return withKey[intent.pick % withKey.length];
    }
    default:
      return intent;
  }
}

function cancelOf(order: Order, how: { byName: boolean; byStranger: boolean }): Command {
  const { orderId, market, clientOrderId } = order;
  const account = how.byStranger ? order.account + 1 : order.account;
  const body = how.byName
    ? { account, orderId: null, market, clientOrderId }
    : { account, orderId, market: null, clientOrderId: null };
  return { kind: 'CANCEL_ORDER', body };
}
