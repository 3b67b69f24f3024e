/**
 * The settings of a process, read from its environment once, at its start.
 *
 * Guarantees: what `readConfig` returns is complete and well-formed; a wrong value ends in a `ConfigError` whose
 * message is one sentence that names the variable. An empty variable counts as unset, so that a compose file may
 * pass `X=` on; only `SIGNUP_BALANCE` means something when it is empty (a new user gets nothing).
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** Unset only in the supervisor, which then starts private servers and hands their addresses to its children. */
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  /** Prefix of every Redis key and name of the Postgres schema. */
  readonly namespace: string;
  readonly jwtSecret: string | undefined;
  readonly adminEmail: string;
  readonly adminPassword: string | undefined;
  /** As written, such as `10000 USDT,1 BTC`; the api parses it. */
  readonly signupBalance: string;
  readonly logLevel: LogLevel;
  /** Of each kind of command, by one account, at one api; as many at once after a calm second. */
  readonly commandsPerSecond: number;
  /** Log-ins, and also sign-ups, from one address at one api. */
  readonly loginsPerSecond: number;
  /** Clients come by way of a proxy that adds their addresses to X-Forwarded-For, and in no other way. */
  readonly behindProxy: boolean;
  /** How long an engine that is silent keeps the leadership. */
  readonly leaseMs: number;
  /** A journal that is larger takes no new orders, until the db-writer has caught up. */
  readonly journalLimitBytes: number;
  /** How many engines `npm start` starts: one leads, the others stand by. */
  readonly engines: number;
  /** Which process this is: `engine`, `api-2`, …; unique among the processes of one exchange. */
  readonly instance: string;
}

/** Printable ASCII, one `@`, a host name; `admin@localhost` is one. */
export const EMAIL_FORM = /^[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;

/** What only the supervisor may start without. */
export type SuppliedSetting = keyof typeof SUPPLIED_SETTINGS;

export class ConfigError extends Error {}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return {
    port: wholeNumber('PORT', env.PORT || '3000', 1, 65_535),
    host: env.HOST || '127.0.0.1',
    dataDir: resolve(env.DATA_DIR || './data'),
    redisUrl: url('REDIS_URL', env.REDIS_URL, ['redis:', 'rediss:']),
    databaseUrl: url('DATABASE_URL', env.DATABASE_URL, ['postgres:', 'postgresql:']),
    namespace: matching('NAMESPACE', env.NAMESPACE || 'lockstep', NAMESPACE_FORM),
    jwtSecret: env.JWT_SECRET || undefined,
    adminEmail: matching('ADMIN_EMAIL', env.ADMIN_EMAIL || 'admin@localhost', EMAIL_FORM),
    adminPassword: env.ADMIN_PASSWORD || undefined,
    signupBalance: env.SIGNUP_BALANCE ?? '10000 USDT,1 BTC',
    logLevel: logLevel(env.LOG_LEVEL || 'info'),
    commandsPerSecond: wholeNumber('COMMANDS_PER_SECOND', env.COMMANDS_PER_SECOND || '10000', 1, MAX_RATE),
    loginsPerSecond: wholeNumber('LOGINS_PER_SECOND', env.LOGINS_PER_SECOND || '20', 1, MAX_RATE),
    behindProxy: wholeNumber('BEHIND_PROXY', env.BEHIND_PROXY || '0', 0, 1) === 1,
    leaseMs: wholeNumber('LEASE_MS', env.LEASE_MS || '1000', 200, 60_000),
    journalLimitBytes:
      wholeNumber('JOURNAL_LIMIT_MB', env.JOURNAL_LIMIT_MB || '4096', 1, 1_000_000) * MEGABYTE,
    engines: wholeNumber('ENGINES', env.ENGINES || '1', 1, 9),
    instance: matching('INSTANCE', env.INSTANCE || `${hostname()}-${process.pid}`, INSTANCE_FORM),
  };
}

/** The same configuration with the named settings known to be there; refuses, naming the first one that is not. */
export function withSettings<K extends SuppliedSetting>(
  config: Config,
  ...keys: K[]
): Config & Record<K, string> {
  const missing = keys.find(key => config[key] === undefined);
  if (missing !== undefined) {
    throw new ConfigError(
      `${SUPPLIED_SETTINGS[missing]} is not set; \`npm start\` sets it for the processes that it starts.`,
    );
  }
  return config as Config & Record<K, string>;
}

/** The configuration of a process that needs these settings; what is wrong or missing ends it with one sentence. */
export function processConfig<K extends SuppliedSetting>(...keys: K[]): Config & Record<K, string> {
  try {
    return withSettings(readConfig(), ...keys);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

const SUPPLIED_SETTINGS = {
  redisUrl: 'REDIS_URL',
  databaseUrl: 'DATABASE_URL',
  jwtSecret: 'JWT_SECRET',
  adminPassword: 'ADMIN_PASSWORD',
} as const;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const MAX_RATE = 1_000_000;
const MEGABYTE = 1_000_000;
/** Also a Postgres schema's name without quotes, hence below 32 characters and lower case. */
const NAMESPACE_FORM = /^[a-z][a-z0-9_]{0,30}$/;
/** Part of a Redis channel's name. */
const INSTANCE_FORM = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}

function url(name: string, text: string | undefined, protocols: string[]): string | undefined {
  if (!text) {
    return undefined;
  }
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    // The value is not repeated here, since it may hold a password.
    throw new ConfigError(`${name} must be an address that starts with ${protocols.join('// or ')}//.`);
  }
  return text;
}

function matching(name: string, text: string, form: RegExp): string {
  if (!form.test(text)) {
    throw new ConfigError(`${name} must match ${form.source}, which "${text}" does not.`);
  }
  return text;
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find(known => known === text);
  if (level === undefined) {
    throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}, not "${text}".`);
  }
  return level;
}
