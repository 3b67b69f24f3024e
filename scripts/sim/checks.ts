/** What must be true of a world that has come to rest, however bad its luck was. */
import { REPLY_TIMEOUT_MS } from '../../api/engine-client.js';
import { reportForm } from '../../api/report-forms.js';
import { candleRow, type Row } from '../../db-writer/bulk.js';
import { fold } from '../../db-writer/fold.js';
import { Machine } from '../../engine/machine.js';
import { encodeAnswer } from '../../shared/domain/answers.js';
import { decodeCommands, decodeRequest, isCommand } from '../../shared/domain/codec.js';
import { ENTITY_KINDS, KINDS } from '../../shared/domain/entities.js';
import { type Fields, type Json, toTuple } from '../../shared/domain/fields.js';
import { STORED_LEDGER_ENTRY_FIELDS, STORED_TRADE_FIELDS } from '../../shared/domain/history.js';
import { decodeReport } from '../../shared/domain/reports.js';
import { fromTicks } from '../../shared/domain/units.js';
import { ACCOUNTS, type ProcessName } from './plan.js';
import { FORMS, keyOf, ORDER_PARTS, type Row as StoredRow } from './postgres-tables.js';
import type { Processes } from './processes.js';
import type { Reader } from './reader.js';
import type { Memory } from './traders.js';
import type { World } from './world.js';

/** What was seen of a run from outside. */
export interface Seen {
  readonly memories: readonly Memory[];
  readonly readers: readonly Reader[];
  /** The journal has room for everything, and for followers that are late. */
  readonly takesAll: boolean;
  /** No clock has jumped, so that a candle closes when all that belongs to it was heard. */
  readonly areClocksTrue: boolean;
}

export class Checks {
  readonly #world: World;
  readonly #processes: Processes;
  /** Its state follows from the history alone. */
  readonly #machine = new Machine();
  /** The true answers, encoded, by stamp. */
  readonly #answers = new Map<number, string>();

  constructor(world: World, processes: Processes) {
    this.#world = world;
    this.#processes = processes;
  }

  run({ memories, readers, takesAll, areClocksTrue }: Seen): void {
    this.#replay();
    if (takesAll) {
      this.#compareQueue();
      // No follower was so slow that the journal had gone behind it.
      if (this.#world.logged.has('loading the checkpoint again'))
        this.#violate('a follower lost the journal');
    }
    this.#compareEngines();
    for (const memory of memories) this.#compareMemory(memory);
    this.#compareStrangers(memories);
    this.#comparePostgres();
    this.#compareReports();
    for (const reader of readers) this.#compareReader(reader, areClocksTrue);
  }

  /** The journal has no gap, and gives the states that it says. */
  #replay(): void {
    const { exchange } = this.#machine;
    for (const batch of this.#world.history) {
      const range = `sequences ${batch.first} to ${batch.last}`;
      if (batch.first !== exchange.sequence + 1) this.#violate(`the journal goes on with ${range}`);
      for (const { time, deadline, entry } of decodeCommands(batch.commands)) {
        const request = decodeRequest(entry);
        if ('malformed' in request || !isCommand(request.request)) {
          this.#violate(`the journal holds ${entry}`);
          continue;
        }
        const answer = this.#machine.execute(request.request, { time, deadline });
        const stamp = request.deadline - REPLY_TIMEOUT_MS;
        if (this.#answers.has(stamp)) this.#violate(`DOUBLED: ${entry}`);
        if (request.replyTo !== 'genesis') this.#answers.set(stamp, encodeAnswer(answer));
      }
      if (exchange.endBatch().stateHash !== batch.stateHash) this.#violate(`another hash after ${range}`);
    }
    exchange.audit();
  }

  #compareEngines(): void {
    const { sequence, stateHash } = this.#machine.exchange;
    for (const name of this.#named('engine')) {
      const exchange = this.#processes.exchange(name)!;
      if (exchange.sequence !== sequence || exchange.stateHash !== stateHash)
        this.#violate(
          `${name} is at ${exchange.sequence} ${exchange.stateHash}, not ${sequence} ${stateHash}`,
        );
      exchange.audit();
    }
  }

  /** What was in the list is in the journal, executed or refused, unless Redis has lost it. */
  #compareQueue(): void {
    for (const entry of this.#world.queued) {
      const request = decodeRequest(entry);
      if ('malformed' in request || !isCommand(request.request)) continue;
      if (!this.#answers.has(request.deadline - REPLY_TIMEOUT_MS)) this.#violate(`QUEUED AND GONE: ${entry}`);
    }
  }

  /** What was acknowledged is there, as it was acknowledged; what was finally refused is not. */
  #compareMemory({ request, stamp, answer, failed }: Memory): void {
    if (!isCommand(request)) return;
    const truth = stamp === undefined ? undefined : this.#answers.get(stamp);
    const asked = `${request.kind} ${stamp}`;
    const wasRefused = failed === 'SERVER_BUSY' || isBusy(answer);
    if (wasRefused && truth !== undefined) this.#violate(`${asked} was refused, and is there: ${truth}`);
    if (answer === undefined || isBusy(answer)) return;
    const told = encodeAnswer(answer);
    if (truth === undefined) this.#violate(`LOST: ${asked} was acknowledged: ${told}`);
    else if (told !== truth) this.#violate(`${asked} was answered ${told}, but it was ${truth}`);
  }

  #compareStrangers(memories: readonly Memory[]): void {
    const known = new Set(memories.map(({ stamp }) => stamp));
    for (const stamp of this.#answers.keys())
      if (!known.has(stamp)) this.#violate(`nobody asked for what is there: ${stamp}`);
  }

  /** Postgres holds what follows from the whole journal at once. */
  #comparePostgres(): void {
    const { history, postgres } = this.#world;
    const { images, trades, ledger, candles, sequence, stateHash } = fold(history);
    const watermark = postgres.tables.get('watermark')!.get('');
    if (watermark?.sequence !== String(sequence) || watermark.state_hash !== stateHash)
      this.#violate(`the watermark is ${JSON.stringify(watermark)}, not ${sequence} ${stateHash}`);
    for (const kind of ENTITY_KINDS) {
      const { table, fields } = KINDS[kind];
      if (kind !== 'order') this.#compareTable(table, rows(fields as Fields<unknown>, images[kind]));
    }
    for (const [part, isIn] of ORDER_PARTS) {
      const orders = images.order.filter(({ status }) => isIn(status));
      this.#compareTable(part, rows(KINDS.order.fields, orders));
    }
    this.#compareTable('trades', rows(STORED_TRADE_FIELDS, trades));
    this.#compareTable('ledger', rows(STORED_LEDGER_ENTRY_FIELDS, ledger));
    this.#compareTable('klines', candles.map(candleRow));
    this.#compareMoney();
  }

  #compareTable(name: string, rows: readonly Row[]): void {
    const table = this.#world.postgres.tables.get(name)!;
    const columns = Object.keys(FORMS.get(name)!.types);
    const expected = new Set<string>();
    for (const values of rows) {
      const row: Record<string, string | null> = {};
      columns.forEach((column, index) => {
        row[column] = notationOf(values[index]!);
      });
      const key = keyOf(name, row);
      expected.add(key);
      const is = table.get(key);
      if (columns.some(column => is?.[column] !== row[column]))
        this.#violate(`${name} has ${JSON.stringify(is)}, should be ${JSON.stringify(row)}`);
    }
    for (const [key, row] of table)
      if (!expected.has(key)) this.#violate(`${name} has ${JSON.stringify(row)} too much`);
  }

  /** The ledger of each asset sums to zero. */
  #compareMoney(): void {
    const sums = new Map<string, bigint>();
    for (const { asset, amount } of this.#world.postgres.tables
      .get('ledger')!
      .values() as Iterable<StoredRow>)
      sums.set(asset!, (sums.get(asset!) ?? 0n) + BigInt(amount!));
    for (const [asset, sum] of sums) if (sum !== 0n) this.#violate(`the ledger of ${asset} sums to ${sum}`);
  }

  /** An account's reports give what it has and its open orders. */
  #compareReports(): void {
    for (const account of ACCOUNTS) {
      const balances = new Map<string, string>();
      const orders = new Set<number>();
      for (const report of this.#world.reports.get(account) ?? []) {
        const { kind, body } = decodeReport(report);
        if (kind === 'balance') balances.set(body.asset, `${body.asset} ${body.available} ${body.locked}`);
        else if (body.status === 'NEW' || body.status === 'PARTIALLY_FILLED') orders.add(body.orderId);
        else orders.delete(body.orderId);
      }
      const told = JSON.stringify([[...balances.values()].sort(), [...orders].sort()]);
      const truth = JSON.stringify(this.#bookOf(account));
      if (told !== truth) this.#violate(`the reports of ${account} give ${told}, should be ${truth}`);
    }
  }

  #bookOf(account: number) {
    const { exchange } = this.#machine;
    const balances = exchange.query({ kind: 'BALANCES', body: { account } });
    const orders = exchange.query({ kind: 'OPEN_ORDERS', body: { account, market: null } });
    return [
      (balances.kind === 'BALANCES' ? balances.balances : [])
        .map(({ asset, available, locked }) => `${asset} ${available} ${locked}`)
        .sort(),
      (orders.kind === 'ORDERS' ? orders.orders : []).map(({ orderId }) => orderId).sort(),
    ];
  }

  /** Whatever was told on some connection was true. */
  #compareReader(reader: Reader, areClocksTrue: boolean): void {
    const { catalog } = this.#processes.api(reader.api)!;
    const { tables } = this.#world.postgres;
    for (const [key, price] of reader.trades) {
      const { scale } = catalog.market(key.split(' ')[0]!)!;
      const stored = tables.get('trades')!.get(key);
      if (stored === undefined || fromTicks(Number(stored.price), scale) !== price)
        this.#violate(`${reader.name}: there is no trade ${key} at ${price}`);
    }
    const reports = this.#world.reports.get(reader.account) ?? [];
    for (const [seq, told] of reader.reports) {
      const truth = JSON.stringify(reportForm(reports[seq - 1]!, catalog));
      if (told !== truth) this.#violate(`${reader.name}: report ${told} should be ${truth}`);
    }
    if (!areClocksTrue) return;
    for (const [key, candle] of reader.candles) {
      const stored = tables.get('klines')!.get(key);
      if (
        candle.n === 0
          ? stored !== undefined
          : stored?.trades !== String(candle.n) || stored.last_trade_id !== candle.L
      )
        this.#violate(`${reader.name}: candle ${JSON.stringify(candle)} is ${JSON.stringify(stored)}`);
    }
  }

  #named(program: string): ProcessName[] {
    return this.#processes.names.filter(name => name.startsWith(program));
  }

  #violate(what: string): void {
    this.#world.violate(what);
  }
}

function isBusy(answer: Memory['answer']): boolean {
  return answer?.kind === 'REFUSED' && answer.reject.code === 'SERVER_BUSY';
}

function rows<T>(fields: Fields<T>, records: readonly T[]): Row[] {
  return records.map(record => toTuple(fields, record));
}

function notationOf(value: Json): string | null {
  if (value === null) return null;
  return typeof value === 'boolean' ? String(value)[0]! : String(value);
}
