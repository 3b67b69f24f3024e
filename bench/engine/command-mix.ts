/** What a flow consists of: each kind's share of the commands. */
import type { Command } from '../../shared/domain/commands.js';

const KINDS = ['limit', 'market', 'IOC', 'cancel'] as const;

type Kind = (typeof KINDS)[number];

export class CommandMix {
  readonly #counts: Record<Kind, number> = { limit: 0, market: 0, IOC: 0, cancel: 0 };
  #total = 0;

  add(command: Command): void {
    this.#counts[kindOf(command)]++;
    this.#total++;
  }

  toString(): string {
    return KINDS.map(kind => `${kind} ${((100 * this.#counts[kind]) / this.#total).toFixed(1)} %`).join(', ');
  }
}

function kindOf(command: Command): Kind {
  if (command.kind !== 'PLACE_ORDER') return 'cancel';
  if (command.body.type === 'MARKET') return 'market';
  return command.body.timeInForce === 'IOC' ? 'IOC' : 'limit';
}
