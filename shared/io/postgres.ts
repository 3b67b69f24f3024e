/** Connections to Postgres. Everything of an exchange lives in the schema that its namespace names. */
import pg from 'pg';

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

export function createPool(databaseUrl: string, namespace: string, maxConnections: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    options: `-c search_path=${namespace}`,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
  });
  // A connection that breaks fails its query and is replaced at the next; without listeners it would end the process.
  pool.on('error', () => {});
  pool.on('connect', client => client.on('error', () => {}));
  return pool;
}
