/** How a script ends when it cannot do what it was asked: one sentence for the user, a stack only for our own faults. */
import { ConfigError } from '../../shared/io/config.js';

/** The message is a sentence that says what is in the way and what to do. */
export class Refusal extends Error {}

export function exitWith(error: unknown): never {
  const isForUser = error instanceof Refusal || error instanceof ConfigError || isUsageError(error);
  console.error(isForUser ? error.message : error);
  process.exit(1);
}

/** Of `parseArgs`: its messages are sentences about what was typed. */
function isUsageError(error: unknown): error is Error {
  return (
    error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  );
}
