/** Reads public trades from the table that the db-writer fills, for the tapes (trade-tape.ts). */

import { EVENT_FIELDS } from '../shared/domain/events.js';
import { integer } from '../shared/domain/fields.js';
import type { PublicTrade } from '../shared/domain/publications.js';
import { fromRow } from '../shared/io/tables.js';
import type { Database } from './database.js';
import { type ReadTrades, TAPE_LENGTH } from './trade-tape.js';

const { tradeId, price, quantity, buyerIsMaker } = EVENT_FIELDS.TRADE;
const PUBLIC_TRADE_FIELDS = { tradeId, price, quantity, time: integer, buyerIsMaker };

/** The newest `TAPE_LENGTH` of the range: what is older would fall off the tape at once. */
const SELECT = `
  SELECT trade_id, price, quantity, time, buyer_is_maker FROM trades
  WHERE market = $1 AND trade_id BETWEEN $2 AND $3
  ORDER BY trade_id DESC LIMIT ${TAPE_LENGTH}`;

export function storedTrades(database: Database): ReadTrades {
  return async (market, firstId, lastId) => {
    const rows = await database.query(SELECT, [market, firstId, lastId]);
    return rows.map(row => fromRow<PublicTrade>(PUBLIC_TRADE_FIELDS, row)).reverse();
  };
}
