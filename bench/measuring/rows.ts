/** The one form of every figure of every bench: a row of a table, or a line of JSON. */
import type { Latencies, Percentiles } from './latencies.js';
import type { Run } from './machine.js';
import type { Turns } from './rounds.js';
import { median, verdict, whole } from './text.js';

export interface Row {
  suite: string;
  case: string;
  value: number;
  unit: string;
  /** Latencies in milliseconds. */
  p50?: number;
  p90?: number;
  p99?: number;
  p999?: number;
  p9999?: number;
  max?: number;
  /** The same latencies in full, and those of the floor. */
  curve?: Curve;
  floorCurve?: Curve;
  /** What the machine does in the same unit with the exchange's own work taken out, measured in turn with the value. */
  floor?: number;
  /** Value to floor, turn by turn. */
  ratio?: number;
  goal?: Goal | undefined;
  /** What a reader must know about the figure. */
  notes?: string[];
}

/** Milliseconds by percentile. */
export type Curve = (readonly [percentile: number, ms: number])[];

/** What the row has to keep, what would be good, and whether it keeps it. */
export interface Goal {
  /** Which figure of the row, where it is not its value. */
  what?: string;
  text: string;
  met: boolean;
}

/** A line of `npm run bench -- --json`. */
export type ResultLine = { run: Run } | Row | { suite: string; seconds: number; remarks: string[] };

/** A row of a suite. */
export type Figures = Omit<Row, 'suite'>;

/** What a suite has to say; `lines` are for a reader only. */
export interface Report {
  rows: Figures[];
  lines?: string[];
}

const PERCENTILES = { p50: 'p50', p90: 'p90', p99: 'p99', p999: 'p99.9', max: 'max' } as const;
const SHOWN_PERCENTILES = Object.keys(PERCENTILES) as (keyof typeof PERCENTILES)[];
const HEADER = [
  ...['case', 'value', 'unit'],
  ...Object.values(PERCENTILES).map(name => `${name} ms`),
  ...['floor', 'ratio', 'goal'],
];

const DIGITS = 4;

// biome-ignore format: the closer to the end the denser
const CURVE_PERCENTILES = [
  10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 96, 98, 99, 99.2, 99.4, 99.6, 99.8, 99.9, 99.95, 99.99,
];

export function percentilesOf(latencies: Latencies): Percentiles {
  return inMilliseconds(latencies.percentiles());
}

/** @param percentiles in nanoseconds */
export function inMilliseconds({ p50, p90, p99, p999, p9999, max }: Percentiles): Percentiles {
  const ms = (ns: number) => significant(ns / 1e6);
  return { p50: ms(p50), p90: ms(p90), p99: ms(p99), p999: ms(p999), p9999: ms(p9999), max: ms(max) };
}

export function curveOf(latencies: Latencies): Curve {
  return CURVE_PERCENTILES.map(percentile => [percentile, significant(latencies.at(percentile) / 1e6)]);
}

/** The medians, and that of each turn's ratio: so a turn that was slow for both does not count. */
export function withFloor({
  measured,
  floor,
}: Turns<number>): Required<Pick<Row, 'value' | 'floor' | 'ratio'>> {
  const ratios = measured.map((value, turn) => value / floor[turn]!);
  return {
    value: significant(median(measured)),
    floor: significant(median(floor)),
    ratio: Number(median(ratios).toFixed(3)),
  };
}

/** @param aim beyond the goal */
export function atLeast(value: number, goal: number, aim?: number): Goal {
  const text = `at least ${figure(goal)}${aim === undefined ? '' : `, aim ${figure(aim)}`}`;
  return { text, met: value >= goal };
}

/** @param aim beyond the goal */
export function atMost(value: number, goal: number, aim?: number): Goal {
  const text = `at most ${figure(goal)}${aim === undefined ? '' : `, aim ${figure(aim)}`}`;
  return { text, met: value <= goal };
}

export function significant(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** A header and the rows, without columns that no row uses. */
export function cellsOf(rows: readonly Figures[]): string[][] {
  const cells = rows.map(cellsOfRow);
  const used = HEADER.map((_, column) => cells.some(row => row[column] !== ''));
  return [HEADER, ...cells].map(row => row.filter((_, column) => used[column]));
}

/** The table's lines, each note below its row. */
export function rowTable(rows: readonly Figures[]): string[] {
  const kept = cellsOf(rows);
  const widths = kept[0]!.map((_, column) => Math.max(...kept.map(row => row[column]!.length)));
  const text = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)));
  return kept.flatMap((row, index) => {
    const notes = rows[index - 1]?.notes ?? [];
    return [text(row).join('  '), ...notes.map(note => `    ${note}`)];
  });
}

function cellsOfRow(row: Figures): string[] {
  const { value, unit, floor, ratio, goal } = row;
  return [
    row.case,
    figure(value),
    unit,
    ...SHOWN_PERCENTILES.map(name => optional(row[name])),
    optional(floor),
    optional(ratio),
    goal === undefined ? '' : goalText(goal),
  ];
}

function goalText({ what, text, met }: Goal): string {
  return `${what === undefined ? '' : `${what} `}${text}: ${verdict(met)}`;
}

function optional(value: number | undefined): string {
  return value === undefined ? '' : figure(value);
}

export function figure(value: number): string {
  return Math.abs(value) >= 1000 ? whole(value) : String(significant(value));
}
