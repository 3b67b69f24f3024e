/**
 * What a batch tells whoever follows the exchange, in the entry of the feed that its commit makes (commit.lua), besides
 * its reports.
 *
 * What it did to markets stands first, so that a catalog's update ids name nothing that its reader has not heard; the
 * answers stand last, so that whoever gets one has already heard what it did.
 */
import type { Ascii } from '../shared/domain/bytes.js';
import { encodeMarketMessage, repliesTo, TOLD } from '../shared/domain/publications.js';
import type { AppliedBatch } from './batch.js';

/** Of the feed, which is kept for who is late: a few seconds of a busy exchange. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** The names and values of the entry. */
export function feedFields({ publications }: AppliedBatch): Ascii[] {
  const { listings, markets, replies } = publications;
  return [
    ...markets.flatMap(message => [TOLD.market, encodeMarketMessage(message)]),
    ...listings.flatMap(listing => [TOLD.catalog, listing]),
    ...Array.from(replies, ([address, message]) => [repliesTo(address), message]).flat(),
  ];
}

/** An entry's id. @param head that its commit sets */
export function feedId(head: string): string {
  return head.replace(':', '-');
}

/** How much of the feed is kept. */
export class FeedWindow {
  readonly #entries: { id: string; bytes: number }[] = [];
  #bytes = 0;
  /** The first entry to be kept. What another engine has told is kept until there is enough of ours. */
  #from = '0-0';

  /** Takes in another entry with its parts, and gives the id of the first one that is still to be kept. */
  add(id: string, parts: readonly Ascii[]): string {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.#entries.push({ id, bytes });
    this.#bytes += bytes;
    while (this.#bytes > KEPT_BYTES && this.#entries.length > 1) {
      this.#bytes -= this.#entries.shift()!.bytes;
      this.#from = this.#entries[0]!.id;
    }
    return this.#from;
  }
}
