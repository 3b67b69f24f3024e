/**
 * The benchmark's small cases: messages with the reports and the final book that they must lead to.
 *
 * Guarantees: every report line, the hash of the report text and both sides of the book are compared; a file that says
 * anything else than cases is refused, so that nothing passes unread.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Refusal } from '../../scripts/running/refusal.js';
import { SIDES } from '../../shared/domain/orders.js';
import { play } from './driver.js';
import { Reports } from './reports.js';
import { CANCEL, type Message, MODIFY, NEW, workloadOf } from './workload.js';

const ID = z.int().nonnegative();
/** Side, quantity, price, and `IOC` where it is one. */
const ORDER = [z.enum(SIDES), z.int(), z.int(), z.literal('IOC').optional()] as const;
const ROW = z.union([
  z.tuple([z.literal('CANCEL'), ID]),
  z.tuple([z.literal('NEW'), ID, ...ORDER]),
  z.tuple([z.literal('MODIFY'), ID, ...ORDER]),
]);
type Row = z.infer<typeof ROW>;

/** Best price first. */
const LEVELS = z.array(z.tuple([z.int(), z.int()]));

const CASE = z.strictObject({
  name: z.string(),
  messages: z.union([z.array(ROW), z.strictObject({ generate: z.string().transform(rowsByRule) })]),
  /** The lines; for a case with many of them, how many there are and how many of those are trades. */
  reports: z.union([z.array(z.string()), z.strictObject({ count: z.int(), trades: z.int() })]),
  sha256: z.string(),
  finalBids: LEVELS,
  finalAsks: LEVELS,
});
export type Case = z.infer<typeof CASE>;

/** Refuses what is no such file. */
export function readCases(file: string): Case[] {
  try {
    return z.array(CASE).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Refusal(`it cannot be read as a list of cases: ${reasonOf(error)}.`);
  }
}

/** Plays a case; a sentence for each kind of difference, none where all is as expected. */
export function differencesOf(known: Case): string[] {
  const messages = (Array.isArray(known.messages) ? known.messages : known.messages.generate).map(messageOf);
  const reports = new Reports(messages.length);
  const { book } = play(workloadOf(messages), reports);
  return [
    ...reportDifferences(known.reports, [...reports.lines()]),
    ...difference('sha256', known.sha256, reports.sha256()),
    ...difference('final bids', known.finalBids, book.depth('BUY')),
    ...difference('final asks', known.finalAsks, book.depth('SELL')),
  ];
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return (error as Error).message.replaceAll('\n', ' ');
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  return `${message} at ${path.join('.') || 'the top'}`;
}

/**
 * The rows of a rule such as `3 x [NEW,i,SELL,1,100] for i=1..3, then [NEW,4,BUY,3,100,ioc]`: the first row once for
 * each i, then the second.
 */
function rowsByRule(rule: string, context: z.RefinementCtx<string>): Row[] {
  const [, times, repeated, from, to, last] =
    rule.match(/^(\d+) x \[(.+)\] for i=(\d+)\.\.(\d+), then \[(.+)\]$/) ?? [];
  const count = Number(to) - Number(from) + 1;
  if (repeated === undefined || last === undefined || count !== Number(times)) {
    context.addIssue(`a rule that is not understood, ${rule},`);
    return z.NEVER;
  }
  const rows = Array.from({ length: count }, (_, index) => rowOf(repeated, Number(from) + index));
  return [...rows, rowOf(last)];
}

/** A row as a rule writes it: without quotes, `ioc` in small letters, `i` for the count. */
function rowOf(text: string, i?: number): Row {
  const words = text.split(',').map(word => (word === 'i' ? i : word.toUpperCase()));
  return ROW.parse(words.map(word => (Number.isInteger(Number(word)) ? Number(word) : word)));
}

function messageOf(row: Row): Message {
  if (row[0] === 'CANCEL') {
    return { type: CANCEL, orderId: row[1], side: 'BUY', quantity: 0, price: 0, ioc: false };
  }
  const [kind, orderId, side, quantity, price, ioc] = row;
  return { type: kind === 'NEW' ? NEW : MODIFY, orderId, side, quantity, price, ioc: ioc === 'IOC' };
}

function reportDifferences(expected: Case['reports'], got: readonly string[]): string[] {
  if (!Array.isArray(expected)) {
    return [
      ...difference('number of reports', expected.count, got.length),
      ...difference('number of trades', expected.trades, got.filter(line => line.startsWith('1,')).length),
    ];
  }
  const length = Math.max(expected.length, got.length);
  const first = Array.from({ length }, (_, i) => i).find(i => expected[i] !== got[i]);
  return first === undefined ? [] : difference(`report ${first}`, expected[first], got[first]);
}

function difference(what: string, expected: unknown, got: unknown): string[] {
  const [expectedText, gotText] = [expected, got].map(value => JSON.stringify(value) ?? 'none');
  return expectedText === gotText ? [] : [`${what}: expected ${expectedText}, got ${gotText}`];
}
