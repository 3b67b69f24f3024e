/** The wish of whoever runs a script that it ends, as something to wait for. */
import { Refusal } from './refusal.js';

/** Rejects at the first signal to end; from now on no signal ends the process by itself. */
export function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => reject(new Refusal(`Interrupted by ${signal}.`)));
    }
  });
  interrupted.catch(() => undefined);
  return interrupted;
}
