/** Every Redis key and channel of an exchange. They share a hash tag, so that a cluster keeps them on one node. */

/**
 * The reports of so many commands are kept, at least. A command gives a handful of them, of some hundred bytes each; and
 * as many as it ends orders, each of which was a command before.
 */
export const REPORTED_COMMANDS = 100_000;

export interface Keys {
  /** List: requests in the one order. */
  readonly commands: string;
  /** Stream: committed batches; an entry's id is `<last sequence>-0`. */
  readonly journal: string;
  /** Stream: the reports of the last batches that had some, under the ids of the journal. */
  readonly reports: string;
  /** Stream: what the last batches did, to whoever follows; an entry's id is `<epoch>-<batch>`. In memory only. */
  readonly feed: string;
  /** String `<epoch>:<batch>`: fence, cursor and idempotence of the commits (D2). */
  readonly head: string;
  /** String: the leading engine's instance; lapses unless renewed (D5). */
  readonly leader: string;
  /** Hash: how far each standby has come, `<sequence> <until>`, believed until that time of Redis in milliseconds. */
  readonly standbys: string;
  /** String: `asked`, then `begun` once the leader takes no command, so that Postgres comes to hold all (D12). */
  readonly draining: string;
  /** String `<batch>:<count>`: how often engines have tried what follows that batch. */
  readonly attempts: string;
  /** List: entries that are no requests, or that ended every engine that took them. */
  readonly deadLetters: string;
  /** String: random, the same in Postgres, so that two stores of different exchanges never meet (D3). */
  readonly exchangeId: string;
  /** Channel: the list of commands is no longer empty. */
  readonly wake: string;
  /** Channel: what each process tells of itself, once a second. */
  readonly metrics: string;
}

export function keysOf(namespace: string): Keys {
  const prefix = `{${namespace}}`;
  return {
    commands: `${prefix}:commands`,
    journal: `${prefix}:journal`,
    reports: `${prefix}:reports`,
    feed: `${prefix}:feed`,
    head: `${prefix}:head`,
    leader: `${prefix}:leader`,
    standbys: `${prefix}:standbys`,
    draining: `${prefix}:draining`,
    attempts: `${prefix}:attempts`,
    deadLetters: `${prefix}:dead-letters`,
    exchangeId: `${prefix}:exchange-id`,
    wake: `${prefix}:wake`,
    metrics: `${prefix}:metrics`,
  };
}
