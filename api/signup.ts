/**
 * What a new user finds in the account: ordinary deposits, one for each asset of SIGNUP_BALANCE.
 *
 * Guarantees: each is made once, however often it is tried: its idempotency key, `signup:<ASSET>`, is one that no client
 * can send, and after the key's days the ledger tells that it was made. A failure is logged and left to the next login.
 */
import type { Command } from '../shared/domain/commands.js';
import { DECIMAL_PATTERN, MAX_AMOUNT, toUnits } from '../shared/domain/units.js';
import { ConfigError } from '../shared/io/config.js';
import type { Logger } from '../shared/io/log.js';
import type { Catalog } from './catalog.js';
import type { Engine } from './engine-client.js';
import type { History } from './history.js';

export interface SignupDeposit {
  readonly asset: string;
  /** Smallest units. */
  readonly amount: bigint;
}

/** Reads a setting such as `10000 USDT,1 BTC`; refuses what is not of that form or not in the catalog. */
export function parseSignupBalance(setting: string, catalog: Catalog): SignupDeposit[] {
  if (setting.trim() === '') return [];
  const deposits = setting.split(',').map(part => parseDeposit(part.trim(), catalog));
  if (new Set(deposits.map(({ asset }) => asset)).size < deposits.length) {
    throw new ConfigError(`SIGNUP_BALANCE names an asset twice: "${setting}".`);
  }
  return deposits;
}

export class Signup {
  readonly #deposits: readonly SignupDeposit[];
  readonly #history: History;
  readonly #log: Logger;

  constructor(deposits: readonly SignupDeposit[], history: History, log: Logger) {
    this.#deposits = deposits;
    this.#history = history;
    this.#log = log;
  }

  /** For a user who has just registered. */
  async deposit(engine: Engine, account: number): Promise<void> {
    await this.#make(engine, account, this.#deposits);
  }

  /** For a user who logs in: what is missing still. */
  async depositMissing(engine: Engine, account: number): Promise<void> {
    if (this.#deposits.length === 0) return;
    try {
      const made = await this.#history.depositReferences(account, this.#deposits.map(keyOf));
      const missing = this.#deposits.filter(deposit => !made.has(keyOf(deposit)));
      await this.#make(engine, account, missing);
    } catch (error) {
      this.#log.warn({ err: error, account }, 'cannot tell which signup deposits are missing');
    }
  }

  async #make(engine: Engine, account: number, deposits: readonly SignupDeposit[]): Promise<void> {
    await Promise.all(
      deposits.map(async deposit => {
        const { asset, amount } = deposit;
        const body = { account, asset, amount, key: keyOf(deposit) };
        const command: Command = { kind: 'DEPOSIT', body };
        try {
          const answer = await engine.ask(command);
          if (answer.kind === 'REFUSED') throw new Error(answer.reject.code);
        } catch (error) {
          this.#log.warn({ err: error, account, asset }, 'signup deposit failed; the next login tries again');
        }
      }),
    );
  }
}

function keyOf({ asset }: SignupDeposit): string {
  return `signup:${asset}`;
}

function parseDeposit(part: string, catalog: Catalog): SignupDeposit {
  const [decimal = '', name = '', ...rest] = part.split(/ +/);
  if (!DECIMAL_PATTERN.test(decimal) || name === '' || rest.length > 0) {
    throw new ConfigError(`SIGNUP_BALANCE must be like "10000 USDT,1 BTC", which "${part}" is not.`);
  }
  const asset = catalog.asset(name);
  if (asset === undefined) throw new ConfigError(`SIGNUP_BALANCE names ${name}, which is no asset here.`);
  const amount = toUnits(decimal, asset.decimals);
  if (amount === undefined || amount === 0n || amount >= MAX_AMOUNT) {
    throw new ConfigError(`SIGNUP_BALANCE asks for ${part}, which is no amount of ${name}.`);
  }
  return { asset: name, amount };
}
