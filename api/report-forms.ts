/** Reports as a client reads them (API.md), decimals padded to their scale. */
import {
  type BalanceReport,
  decodeReport,
  type OrderReport,
  type ReportLine,
} from '../shared/domain/reports.js';
import { fromLots, fromTicks, fromUnits, type MarketScale } from '../shared/domain/units.js';
import type { Catalog } from './catalog.js';
import { ApiError } from './errors.js';

/** Whether what it is about is known here; what has just been listed may not be yet. */
export function isReadable(line: ReportLine, catalog: Catalog): boolean {
  const { kind, body } = decodeReport(line);
  const known = kind === 'order' ? catalog.market(body.market) : catalog.asset(body.asset);
  return known !== undefined;
}

/** Throws a `SERVER_BUSY` in the moment in which what has just been listed is not known here yet. */
export function reportForm(line: ReportLine, catalog: Catalog) {
  const report = decodeReport(line);
  const { seq } = line;
  if (report.kind === 'order') {
    const { scale } = catalog.market(report.body.market) ?? notKnownYet(report.body.market);
    return orderReportForm(seq, report.body, scale);
  }
  const { decimals } = catalog.asset(report.body.asset) ?? notKnownYet(report.body.asset);
  return balanceReportForm(seq, report.body, decimals);
}

function notKnownYet(name: string): never {
  throw new ApiError('SERVER_BUSY', `${name} has just been listed: try again`);
}

function orderReportForm(seq: number, report: OrderReport, scale: MarketScale) {
  const { price, quantity, lastPrice, lastQuantity, fee } = report;
  const [feeAsset, feeDecimals] =
    report.side === 'BUY' ? [scale.base, scale.baseDecimals] : [scale.quote, scale.quoteDecimals];
  return {
    e: 'executionReport' as const,
    seq,
    E: report.time,
    s: report.market,
    i: String(report.orderId),
    c: report.clientOrderId,
    S: report.side,
    o: report.type,
    f: report.timeInForce,
    q: quantity === null ? null : fromLots(quantity, scale),
    p: price === null ? null : fromTicks(price, scale),
    x: whatHappened(report),
    X: report.status,
    l: lastQuantity === null ? null : fromLots(lastQuantity, scale),
    L: lastPrice === null ? null : fromTicks(lastPrice, scale),
    z: fromLots(report.filledQuantity, scale),
    Z: fromUnits(report.filledQuote, scale.quoteDecimals),
    t: report.tradeId === null ? null : String(report.tradeId),
    m: report.isMaker,
    n: fee === null ? null : fromUnits(fee, feeDecimals),
    N: fee === null ? null : feeAsset,
    T: report.time,
  };
}

/** An order without a trade in its report has just come, or has just ended. */
function whatHappened({ tradeId, status }: OrderReport): 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' {
  if (tradeId !== null) return 'TRADE';
  return status === 'NEW' || status === 'CANCELED' ? status : 'EXPIRED';
}

function balanceReportForm(seq: number, report: BalanceReport, decimals: number) {
  return {
    e: 'balanceUpdate' as const,
    seq,
    E: report.time,
    a: report.asset,
    f: fromUnits(report.available, decimals),
    l: fromUnits(report.locked, decimals),
    d: fromUnits(report.change, decimals),
    r: report.reason,
  };
}
