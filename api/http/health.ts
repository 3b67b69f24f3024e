/** Whether this process lives, and whether orders can be taken. */
import { Reply } from './route.js';
import type { Services } from './services.js';

export function getHealth() {
  return { status: 'alive' } as const;
}

export async function getReadiness({ health }: Services) {
  const report = await health.check();
  return new Reply(report.ready ? 200 : 503, report);
}
