/**
 * Users: the one place that knows an e-mail address or a password (D13). A user's id is the number of the account.
 *
 * Guarantees: an e-mail address has one user; a password is kept as its argon2id hash only; logging in takes the same
 * time whether the address is unknown or the password wrong; at most `HASHES_AT_ONCE` passwords are hashed at a time,
 * and at most `WAITING_HASHES` wait.
 */
import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';
import type { Database, Row } from './database.js';
import { ApiError } from './errors.js';
import type { Caller, Role } from './tokens.js';

export interface User extends Caller {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A hash takes 50 ms of a core and 19 MB; two at once leave the threads for other work. */
const HASHES_AT_ONCE = 2;
/** Half a minute of work: whoever comes then would wait too long. */
const WAITING_HASHES = 1000;

const USER_COLUMNS = 'user_id, email, role, created_at';

export class Accounts {
  readonly #database: Database;
  /** What an unknown address's password is compared with; no password is empty. */
  readonly #decoy = hash('');
  readonly #hashing = pLimit(HASHES_AT_ONCE);

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param email in lower case. Undefined where the address has a user already. */
  async register(email: string, password: string): Promise<User | undefined> {
    return this.#create(email, password, 'USER');
  }

  /** @param email in lower case. Undefined where the two do not belong together. */
  async logIn(email: string, password: string): Promise<User | undefined> {
    const row = await this.#findByEmail(email);
    const passwordHash = row === undefined ? await this.#decoy : String(row.password_hash);
    const matches = await this.#inTurn(() => verify(passwordHash, password));
    return row !== undefined && matches ? toUser(row) : undefined;
  }

  async find(userId: number): Promise<User | undefined> {
    const text = `SELECT ${USER_COLUMNS} FROM users WHERE user_id = $1`;
    const [row] = await this.#database.query(text, [userId]);
    return row && toUser(row);
  }

  /** Afterwards the address belongs to an administrator with that password. */
  async ensureAdmin(email: string, password: string): Promise<void> {
    if ((await this.#create(email, password, 'ADMIN')) !== undefined) return;
    const row = await this.#findByEmail(email);
    if (row === undefined) throw new Error('the administrator was neither created nor found');
    const isKept =
      row.role === 'ADMIN' && (await this.#inTurn(() => verify(String(row.password_hash), password)));
    if (isKept) return;
    await this.#database.query(`UPDATE users SET role = 'ADMIN', password_hash = $2 WHERE user_id = $1`, [
      row.user_id,
      await this.#inTurn(() => hash(password)),
    ]);
  }

  async #create(email: string, password: string, role: Role): Promise<User | undefined> {
    // Asked first, since a hash is dear and the identity would skip a number.
    if ((await this.#findByEmail(email)) !== undefined) return undefined;
    const [row] = await this.#database.query(
      `INSERT INTO users (email, password_hash, role, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (email) DO NOTHING RETURNING ${USER_COLUMNS}`,
      [email, await this.#inTurn(() => hash(password)), role, Date.now()],
    );
    return row && toUser(row);
  }

  /** When those before it are done, unless too many are. */
  #inTurn<T>(hashing: () => Promise<T>): Promise<T> {
    if (this.#hashing.pendingCount < WAITING_HASHES) return this.#hashing(hashing);
    throw new ApiError('SERVER_BUSY', 'too many passwords are being checked: try again later');
  }

  async #findByEmail(email: string): Promise<Row | undefined> {
    const text = `SELECT ${USER_COLUMNS}, password_hash FROM users WHERE email = $1`;
    const [row] = await this.#database.query(text, [email]);
    return row;
  }
}

function toUser(row: Row): User {
  return {
    userId: Number(row.user_id),
    email: String(row.email),
    role: row.role as Role,
    createdAt: Number(row.created_at),
  };
}
