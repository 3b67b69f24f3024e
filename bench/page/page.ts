/** The page of a run's results: a text in Markdown and the plots that it shows. */
import { WARNING } from '../measuring/machine.js';
import { cellsOf, type Figures } from '../measuring/rows.js';
import { SUITES } from '../suites.js';
import { curvesPlot, floorsPlot } from './plots.js';
import type { Results, SuiteResults } from './results.js';

export interface Page {
  markdown: string;
  /** SVG by the name of its file. */
  plots: ReadonlyMap<string, string>;
}

interface Plot {
  title: string;
  svg: (title: string, rows: readonly Figures[]) => string;
  rows: (row: Figures) => boolean;
}

const hasCurve = (row: Figures) => row.curve !== undefined;
const beside = (unit: string): Omit<Plot, 'title'> => ({
  svg: (title, rows) => floorsPlot(title, unit, rows),
  rows: row => row.unit === unit && row.floor !== undefined && !hasCurve(row),
});
const curves = (floor: string): Omit<Plot, 'title'> => ({
  svg: (title, rows) => curvesPlot(title, rows, floor),
  rows: hasCurve,
});

/** By suite. */
const PLOTS: Readonly<Record<string, readonly Plot[]>> = {
  pipeline: [{ title: 'Commands from a full list to the disk', ...beside('commands/s') }],
  http: [
    { title: 'Order entry: each connection waits for its answer', ...beside('requests/s') },
    { title: 'Order entry: latency from the moment a request is due', ...curves('floor') },
  ],
  growth: [{ title: 'Latency with a million orders resting, and with none', ...curves('empty') }],
  ws: [
    { title: 'Market data, as fast as it goes', ...beside('deliveries/s') },
    { title: 'Market data: delay of a trade', ...curves('floor') },
  ],
  writer: [{ title: 'Commands from the journal into Postgres', ...beside('commands/s') }],
  recovery: [{ title: 'A start after everything has stopped', ...beside('commands/s') }],
};

/** @param folder of the plots, as seen from the page */
export function pageOf({ run, suites }: Results, folder: string): Page {
  const plots = new Map<string, string>();
  const sections = suites.map(results => {
    const shown = plotsOf(results);
    for (const { file, svg } of shown) plots.set(file, svg);
    return section(
      results,
      shown.map(({ title, file }) => `![${title}](${folder}/${file})`),
    );
  });
  const { date, command, processor, cores, memoryGb, versions } = run;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const minutes = suites.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  const markdown = [
    '# Benchmarks',
    `<!-- Made by npm run bench:page from ${folder}/results.jsonl: what is written in here is lost. -->`,
    'What the figures mean, what is sent, and what profiles have shown: [PERFORMANCE.md](PERFORMANCE.md).',
    [
      `- ${processor}, ${cores} cores, ${memoryGb} GB, everything on it: servers, exchange, load generators`,
      `- ${named.join(', ')}`,
      `- ${date.slice(0, 16).replace('T', ' ')} UTC, \`${command}\`, ${minutes.toFixed(0)} minutes`,
    ].join('\n'),
    ...warnings(suites),
    '```sh\nnpm run -s bench -- --json > results.jsonl\nnpm run bench:page -- results.jsonl\n```',
    'Absolute figures drift with the machine. So each suite measures, in turn with the exchange, a **floor**: what the ' +
      "same machine does at the same time with the exchange's own work taken out. The ratio is the median of the turns'.",
    '## Goals',
    table(cellsOf(suites.flatMap(({ suite, rows }) => goalRows(suite, rows)))),
    ...sections,
  ].join('\n\n');
  return { markdown: `${markdown}\n`, plots };
}

/** What makes the figures of a suite worse than they are. */
function warnings(suites: readonly SuiteResults[]): string[] {
  const lines = suites.flatMap(({ suite, remarks }) =>
    remarks.filter(remark => remark.startsWith(WARNING)).map(remark => `\`${suite}\`: ${remark}`),
  );
  return lines.length === 0 ? [] : [list(lines)];
}

function goalRows(suite: string, rows: readonly Figures[]): Figures[] {
  return rows
    .filter(({ goal }) => goal !== undefined)
    .map(row => ({ ...row, case: `\`${suite}\`, ${row.case}` }));
}

function plotsOf({ suite, rows }: SuiteResults): { title: string; file: string; svg: string }[] {
  return (PLOTS[suite] ?? []).flatMap(({ title, svg, rows: belongs }, index) => {
    const shown = rows.filter(belongs);
    return shown.length === 0 ? [] : [{ title, file: `${suite}-${index + 1}.svg`, svg: svg(title, shown) }];
  });
}

function section({ suite, rows, seconds, remarks }: SuiteResults, images: readonly string[]): string {
  const { measures, floor } = SUITES[suite]!;
  const notes = rows.flatMap(row => (row.notes ?? []).map(note => `${row.case}: ${note}`));
  return [
    `## ${suite}`,
    `Measured: ${measures}. Floor: ${floor}. \`npm run bench -- --suite ${suite}\` took ${seconds} s.`,
    ...images,
    table(cellsOf(rows)),
    ...(notes.length > 0 ? [list(notes)] : []),
    fenced(remarks),
  ].join('\n\n');
}

function table([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(header!),
    line(header!.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n');
}

function list(items: readonly string[]): string {
  return items.map(item => `- ${item}`).join('\n');
}

function fenced(lines: readonly string[]): string {
  return ['```', ...lines.filter(line => line !== ''), '```'].join('\n');
}
