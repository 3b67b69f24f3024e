/**
 * Cursors of lists: where the next page begins, opaque to the client.
 *
 * Guarantees: only a text that `encodeCursor` made for a list of that many numbers is taken; anything else is refused as
 * BAD_CURSOR.
 */
import { ApiError } from './errors.js';

/** @param place the whole numbers that name the last item of the page */
export function encodeCursor(place: readonly number[]): string {
  return Buffer.from(place.join('.')).toString('base64url');
}

/** @param length how many numbers name an item of this list */
export function decodeCursor(cursor: string, length: number): number[] {
  const place = Buffer.from(cursor, 'base64url').toString('latin1').split('.').map(Number);
  const isOurs =
    place.length === length &&
    place.every(number => Number.isSafeInteger(number) && number >= 0) &&
    encodeCursor(place) === cursor;
  if (!isOurs) throw new ApiError('BAD_CURSOR', 'cursor: not one that this list gave', 'cursor');
  return place;
}
