/**
 * Many batches folded into what one transaction writes.
 *
 * Guarantees: an entity is there once, as it is after the last batch; trades and ledger entries are all there, in order,
 * with their command's time.
 */
import {
  decodeEvents,
  decodeImages,
  decodeTimes,
  type Images,
  type JournalBatch,
} from '../shared/domain/codec.js';
import { ENTITY_KINDS, type Entities, type EntityKind, type Key, KINDS } from '../shared/domain/entities.js';
import { type Event, ledgerEntries } from '../shared/domain/events.js';
import {
  type StoredLedgerEntry,
  type StoredTrade,
  storedLedgerEntry,
  storedTrade,
} from '../shared/domain/history.js';
import { CandleFold, type MarketCandle } from './candles.js';
import { JournalFault } from './outage.js';

export interface Changes {
  /** What Postgres stands at when they are written. */
  readonly sequence: number;
  readonly stateHash: string;
  readonly head: string;
  readonly logic: number;
  readonly images: Images;
  readonly trades: readonly StoredTrade[];
  /** Two for each movement of money. */
  readonly ledger: readonly StoredLedgerEntry[];
  readonly candles: readonly MarketCandle[];
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
    return { sequence: last, stateHash, head, logic, images: this.images.all(), trades, ledger, candles };
  }
}

type Entity = Entities[EntityKind];

class LatestImages {
  private readonly latest = new Map(ENTITY_KINDS.map(kind => [kind, new Map<unknown, Entity>()]));

  add({ images }: JournalBatch): void {
    for (const { kind, entity } of decodeImages(images))
      this.latest.get(kind)!.set(KEYS.get(kind)!(entity as never), entity);
  }

  all(): Images {
    const images = Array.from(this.latest, ([kind, entities]) => [kind, [...entities.values()]]);
    return Object.fromEntries(images) as Images;
  }
}

/** What names an entity among those of its kind. */
const KEYS = new Map(ENTITY_KINDS.map(kind => [kind, keyOf(KINDS[kind].key)]));

function keyOf([first, second]: Key): (entity: Record<string, unknown>) => unknown {
  if (second === undefined) return entity => entity[first];
  return entity => `${entity[first]} ${entity[second]}`;
}

class History {
  readonly trades: StoredTrade[] = [];
  readonly ledger: StoredLedgerEntry[] = [];
  private readonly fold = new CandleFold();

  add(batch: JournalBatch): void {
    const times = decodeTimes(batch.commands);
    const events = decodeEvents(batch.events);
    const size = batch.last - batch.first + 1;
    if (times.length !== size || events.length !== size) {
      throw new JournalFault(
        `batch ${batch.first} to ${batch.last} has ${times.length} commands and events of ${events.length}`,
      );
    }
    events.forEach((ofCommand, index) => {
      for (const event of ofCommand) this.addEvent(event, times[index]!, batch.first + index);
    });
  }

  candles(): MarketCandle[] {
    return [...this.fold.candles()];
  }

  private addEvent(event: Event, time: number, sequence: number): void {
    if (event.kind === 'TRADE') this.addTrade(storedTrade(event.body, time, sequence));
    for (const entry of ledgerEntries(event)) this.ledger.push(storedLedgerEntry(entry, time));
  }

  private addTrade(trade: StoredTrade): void {
    this.trades.push(trade);
    this.fold.add(trade.market, trade);
  }
}
