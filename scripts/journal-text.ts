/**
 * A batch of the journal as lines to read: names instead of places, decimals instead of integers, dates instead of
 * milliseconds; a field that is null is left out.
 *
 * Guarantees: a number whose asset or market is known is written in it; of any other the integer stands.
 */
import type pg from 'pg';
import {
  decodeCommands,
  decodeEvents,
  decodeImages,
  decodeRequest,
  type JournalBatch,
  sizeOf,
} from '../shared/domain/codec.js';
import { type Asset, KINDS, type Market } from '../shared/domain/entities.js';
import type { Value } from '../shared/domain/fields.js';
import {
  FEE_DECIMALS,
  fromLots,
  fromTicks,
  fromUnits,
  type MarketScale,
  marketScale,
} from '../shared/domain/units.js';
import { fromRow } from '../shared/io/tables.js';

export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

type Body = Readonly<Record<string, Value>>;

export class JournalText {
  readonly #range: SequenceRange;
  readonly #decimals = new Map<string, number>();
  readonly #markets = new Map<string, MarketScale>();

  private constructor(range: SequenceRange) {
    this.#range = range;
  }

  /** Of commands in this range, both included; knows the assets and markets that Postgres has. */
  static async create(pool: pg.Pool, range: SequenceRange): Promise<JournalText> {
    const text = new JournalText(range);
    const { asset, market } = KINDS;
    for (const row of (await pool.query(`SELECT * FROM ${asset.table}`)).rows)
      text.#learnAsset(fromRow(asset.fields, row));
    for (const row of (await pool.query(`SELECT * FROM ${market.table}`)).rows)
      text.#learnMarket(fromRow(market.fields, row));
    return text;
  }

  /** The batch in a line, then each command with its events. */
  batch(batch: JournalBatch): string {
    this.#learn(batch);
    const { first, last, head, logic, stateHash } = batch;
    const commands = decodeCommands(batch.commands);
    const events = decodeEvents(batch.events);
    const time = iso(commands.at(-1)!.time);
    const lines = [
      `batch ${first} to ${last}  head ${head}  logic ${logic}  ${time}  ${sizeOf(batch)} bytes  hash ${stateHash}`,
    ];
    for (const [index, { time, deadline, entry }] of commands.entries()) {
      const sequence = first + index;
      if (sequence < this.#range.from || sequence > this.#range.to) continue;
      const late = time > deadline ? `  (expired at ${iso(deadline)})` : '';
      lines.push(`  ${sequence}  ${iso(time)}  ${this.#command(entry)}${late}`);
      for (const { kind, body } of events[index] ?? [])
        lines.push(`    ${kind} ${this.#fields(kind, body as unknown as Body)}`);
    }
    return `${lines.join('\n')}\n`;
  }

  /** What the batch changed, a line for each entity as it is after it. */
  images({ images }: JournalBatch): string {
    return decodeImages(images)
      .map(({ kind, entity }) => `  after  ${kind} ${this.#fields(kind, entity as unknown as Body)}\n`)
      .join('');
  }

  /** So that a market is known from the batch on that created it. */
  #learn({ images }: JournalBatch): void {
    for (const { kind, entity } of decodeImages(images)) {
      if (kind === 'asset') this.#learnAsset(entity);
      else if (kind === 'market') this.#learnMarket(entity);
    }
  }

  #learnAsset({ asset, decimals }: Asset): void {
    this.#decimals.set(asset, decimals);
  }

  #learnMarket(market: Market): void {
    const base = this.#decimals.get(market.base);
    const quote = this.#decimals.get(market.quote);
    if (base !== undefined && quote !== undefined)
      this.#markets.set(market.market, marketScale(market, { base, quote }));
  }

  #command(entry: string): string {
    const request = decodeRequest(entry);
    if ('malformed' in request) return `malformed (${request.malformed}): ${entry}`;
    const { kind, body } = request.request;
    return `${kind} ${this.#fields(kind, body as unknown as Body)}`;
  }

  #fields(kind: string, body: Body): string {
    return Object.entries(body)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `${name}=${this.#value(kind, name, body) ?? value}`)
      .join(' ');
  }

  /** Undefined where it is a name, an id, or of a market or asset that is not known. */
  #value(kind: string, name: string, body: Body): string | undefined {
    const value = body[name] as number | bigint;
    if (TIMES.has(name)) return iso(Number(value));
    if (RATES.has(name) && kind !== 'TRADE') return fromUnits(value, FEE_DECIMALS);
    const scale = this.#markets.get(body.market as string);
    if (scale !== undefined && TICKS.has(name)) return fromTicks(Number(value), scale);
    if (scale !== undefined && LOTS.has(name)) return fromLots(Number(value), scale);
    const decimals = this.#decimals.get(assetOf(name, body, scale) ?? '');
    return decimals === undefined ? undefined : fromUnits(value, decimals);
  }
}

const TIMES = new Set(['time', 'createdAt', 'updatedAt']);
const RATES = new Set(['makerFee', 'takerFee']);
const TICKS = new Set(['price', 'minPrice', 'maxPrice']);
const LOTS = new Set(['quantity', 'filledQuantity', 'remaining', 'minQuantity', 'maxQuantity']);
const AMOUNTS = new Set(['amount', 'available', 'locked', 'fromAfter', 'toAfter']);
const BASE_AMOUNTS = new Set(['baseAmount', 'lotSize']);
const QUOTE_AMOUNTS = new Set(['quoteAmount', 'quoteQuantity', 'filledQuote', 'minNotional', 'tickLotValue']);
/** Of a trade, in the asset that the taker pays with. */
const TAKERS = new Set(['takerPaidAfter', 'makerReceivedAfter', 'makerFee', 'makerFeeAfter']);
/** Of a trade, in the asset that the maker pays with. */
const MAKERS = new Set(['makerPaidAfter', 'takerReceivedAfter', 'takerFee', 'takerFeeAfter']);

/** In which asset an amount is; undefined where the field is none or the asset is not known. */
function assetOf(name: string, body: Body, scale: MarketScale | undefined): string | undefined {
  if (AMOUNTS.has(name)) return body.asset as string;
  if (BASE_AMOUNTS.has(name)) return scale?.base;
  if (QUOTE_AMOUNTS.has(name)) return scale?.quote;
  const [takers, makers] = body.buyerIsMaker ? [body.base, body.quote] : [body.quote, body.base];
  if (TAKERS.has(name)) return takers as string;
  return MAKERS.has(name) ? (makers as string) : undefined;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
