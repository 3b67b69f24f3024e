/** How a script ends when it cannot do what it was asked: one sentence for the user, a stack only for our own faults. */
import { ConfigError } from '../../shared/io/config.js';

/** The message is a sentence that says what is in the way and what to do. */
export class Refusal extends Error {}

export function exitWith(error: unknown): never {
  const isForUser = error instanceof Refusal || error instanceof ConfigError;
  console.error(isForUser ? error.message : error);
  process.exit(1);
}
