/**
 * Many batches folded into what one transaction writes.
 *
 * Guarantees: an entity is there once, as it is after the last batch; trades and ledger entries are all there, in order,
 * with their command's time. The row of an entity or trade is the journal's own JSON array, made to fit in place and
 * passed through: the engine has checked it, and Postgres checks types and promises again.
 */
import { decodeCommands, type JournalBatch } from '../shared/domain/codec.js';
import { ENTITY_KINDS, type EntityKind, KINDS } from '../shared/domain/entities.js';
import {
  EVENT_FIELDS,
  type Event,
  type Events,
  LEDGER_ENTRY_FIELDS,
  ledgerEntries,
  TRADE_FIELDS,
} from '../shared/domain/events.js';
import { type Fields, fromTuple, type Json, toTuple } from '../shared/domain/fields.js';
import { CandleFold } from './candles.js';
import { JournalFault } from './journal-reader.js';

/** A trade's own fields are the first of its event. */
const TRADE_LENGTH = Object.keys(TRADE_FIELDS).length;

/** The values of one table row, in the order of its columns. */
export type Row = readonly Json[];

export interface Changes {
  /** What Postgres stands at when they are written. */
  readonly sequence: number;
  readonly stateHash: string;
  readonly head: string;
  readonly logic: number;
  readonly images: ReadonlyMap<EntityKind, readonly Row[]>;
  /** The trade's fields, then the command's time and sequence. */
  readonly trades: readonly Row[];
  /** Two for each movement of money: a ledger entry's fields, then the command's time. */
  readonly ledger: readonly Row[];
  readonly candles: readonly Row[];
}

/** At least one batch. */
export function fold(batches: readonly JournalBatch[]): Changes {
  const folded = new Fold();
  for (const batch of batches) folded.add(batch);
  return folded.changes();
}

export class Fold {
  private readonly images = new LatestImages();
  private readonly happened = new History();
  private last: JournalBatch | undefined;

  add(batch: JournalBatch): void {
    this.images.add(batch);
    this.happened.add(batch);
    this.last = batch;
  }

  /** Of all that was added, which is one batch at least. */
  changes(): Changes {
    const { last, stateHash, head, logic } = this.last!;
    const { trades, ledger } = this.happened;
    const candles = this.happened.candles();
    return { sequence: last, stateHash, head, logic, images: this.images.rows(), trades, ledger, candles };
  }
}

/** Where the key's fields stand in an image's array of fields. */
const KEY_PLACES = new Map(
  ENTITY_KINDS.map(kind => {
    const key: readonly string[] = KINDS[kind].key;
    return [kind, key.map(field => Object.keys(KINDS[kind].fields).indexOf(field))];
  }),
);

class LatestImages {
  private readonly latest = new Map(ENTITY_KINDS.map(kind => [kind, new Map<string, Row>()]));

  add(batch: JournalBatch): void {
    for (const row of JSON.parse(batch.images.toString('latin1')) as Json[][]) {
      const kind = row.shift() as EntityKind;
      const key = KEY_PLACES.get(kind)!
        .map(place => row[place])
        .join(' ');
      this.latest.get(kind)!.set(key, row);
    }
  }

  rows(): Map<EntityKind, Row[]> {
    return new Map([...this.latest].map(([kind, rows]) => [kind, [...rows.values()]]));
  }
}

class History {
  readonly trades: Row[] = [];
  readonly ledger: Row[] = [];
  private readonly fold = new CandleFold();

  add(batch: JournalBatch): void {
    const commands = decodeCommands(batch.commands);
    const events = JSON.parse(batch.events.toString('latin1')) as Json[][][];
    const size = batch.last - batch.first + 1;
    if (commands.length !== size || events.length !== size) {
      throw new JournalFault(
        `batch ${batch.first} to ${batch.last} has ${commands.length} commands and events of ${events.length}`,
      );
    }
    events.forEach((ofCommand, index) => {
      const { time } = commands[index]!;
      for (const row of ofCommand) {
        const kind = row.shift();
        if (kind === 'TRADE') this.addTrade(row, time, batch.first + index);
        else if (kind === 'MOVED') this.addEntries({ kind, body: bodyOf(kind, row) }, time);
      }
    });
  }

  candles(): Row[] {
    return Array.from(this.fold.candles(), ({ market, interval, candle }) => [
      market,
      interval,
      candle.openTime,
      candle.open,
      candle.high,
      candle.low,
      candle.close,
      candle.volume.toString(),
      candle.quoteVolume.toString(),
      candle.trades,
      candle.takerBuyVolume.toString(),
      candle.takerBuyQuoteVolume.toString(),
      candle.firstTradeId,
      candle.lastTradeId,
    ]);
  }

  private addTrade(row: Json[], time: number, sequence: number): void {
    const trade = bodyOf('TRADE', row);
    this.trades.push([...row.slice(0, TRADE_LENGTH), time, sequence]);
    this.fold.add(trade.market, { time, ...trade });
    this.addEntries({ kind: 'TRADE', body: trade }, time);
  }

  private addEntries(event: Event, time: number): void {
    for (const entry of ledgerEntries(event)) {
      const row = toTuple(LEDGER_ENTRY_FIELDS, entry);
      row.push(time);
      this.ledger.push(row);
    }
  }
}

function bodyOf<K extends 'TRADE' | 'MOVED'>(kind: K, row: readonly Json[]): Events[K] {
  const body = fromTuple(EVENT_FIELDS[kind] as Fields<Events[K]>, row);
  if (body === undefined) throw new JournalFault(`malformed ${kind} in the journal: ${JSON.stringify(row)}`);
  return body;
}
