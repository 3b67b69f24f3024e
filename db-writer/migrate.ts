/**
 * The tables of an exchange, made and brought up to date.
 *
 * Guarantees: forward only, each migration once, all pending ones in one transaction; calling it again changes nothing,
 * and several callers at once wait for each other. Everything stands in the schema that the namespace names.
 */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import type { Logger } from '../shared/io/log.js';

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
const CONNECT_TIMEOUT_MS = 2000;

export async function migrate(databaseUrl: string, namespace: string, log: Logger): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // A connection that is lost fails the query that it carried; without a listener it would also end the process.
  client.on('error', error => log.debug({ err: error }, 'connection lost during the migrations'));
  try {
    await client.connect();
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      direction: 'up',
      schema: namespace,
      createSchema: true,
      migrationsTable: 'migrations',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      // What goes wrong is thrown as well, so its own words are for whoever looks closely.
      log: message => log.debug(message),
    });
    if (applied.length > 0)
      log.info({ migrations: applied.map(({ name }) => name) }, 'tables are up to date');
  } finally {
    await client.end();
  }
}
