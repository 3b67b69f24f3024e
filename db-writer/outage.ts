/**
 * What may end the writer and what may not.
 *
 * Guarantees: a server that is away, full or restarting gives an `Outage`, which passes by waiting; everything else (a
 * journal that does not fit, a broken invariant, a fault in the program) is thrown as it is and ends the process.
 */
import { isPostgresOutage } from '../shared/io/outage.js';

/** Journal and tables do not belong together: an operator must look, going on would make it worse. */
export class JournalFault extends Error {}

export type Server = 'Redis' | 'Postgres';

export class Outage extends Error {
  constructor(
    readonly server: Server,
    cause: unknown,
  ) {
    super(`${server} does not serve: ${String(cause)}`, { cause });
  }
}

/** The call's own result; what fails for the server's sake fails with an `Outage`. */
export async function reach<T>(server: Server, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof JournalFault || !isPostgresOutage(error)) throw error;
    throw new Outage(server, error);
  }
}

/** The call's own result, or at once a failure when `stop` comes: a patient connection would wait for its server. */
export function unlessStopped<T>(stop: AbortSignal, call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(new Error('stopping'));
    stop.addEventListener('abort', give, { once: true });
    call.then(resolve, reject).finally(() => stop.removeEventListener('abort', give));
  });
}
