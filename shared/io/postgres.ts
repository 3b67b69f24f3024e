/** Connections to Postgres. Everything of an exchange lives in the schema that its namespace names. */
import { Socket } from 'node:net';
import pg from 'pg';

/**
 * For whoever serves: a connection that says nothing for so long while something is asked (a cable, a frozen server) is
 * given up, and the query fails. Longer than any statement of theirs is silent, also on a slow disk.
 */
export const SILENCE_LIMIT_MS = 30_000;
/** And so soon Postgres gives up a client that has vanished, with whatever it had locked: 10 + 4 × 5 seconds. */
const KEEPALIVES = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4';
const CONNECT_TIMEOUT_MS = 2000;
const INT8 = 20;
const NUMERIC = 1700;

/**
 * `bigint` and `numeric` columns come as `bigint`: no number of ours loses digits on its way.
 * (Numeric columns hold whole numbers only.)
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? BigInt : pg.types.getTypeParser(oid, format as 'text'),
};

/** @param silenceLimitMs 0: a statement may take as long as it wants */
export function createPool(
  databaseUrl: string,
  namespace: string,
  maxConnections: number,
  silenceLimitMs = 0,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    options: `-c search_path=${namespace} ${KEEPALIVES}`,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    stream: () => impatientSocket(silenceLimitMs),
    types,
  });
  // A connection that breaks fails its query and is replaced at the next; without listeners it would end the process.
  pool.on('error', () => {});
  pool.on('connect', client => client.on('error', () => {}));
  return pool;
}

/** Fails when it hears nothing for so long; never where that is 0. */
function impatientSocket(silenceLimitMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceLimitMs, () => socket.destroy(new Error('Postgres says nothing any more')));
  return socket;
}
