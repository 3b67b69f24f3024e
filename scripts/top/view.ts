/** What `npm run top` shows of the looks of the last minute: lines for a terminal of 80 columns or more. */
import type { Look, Ticker } from './look.js';
import { type Labels, quantile, type Scrape } from './scrape.js';

export interface Size {
  columns: number;
  rows: number;
}

/** So many looks make the rates and latencies of now, since the engine tells its figures once a second, too. */
const NOW = 3;
export const KEPT_LOOKS = 60 + NOW;

const PROCESSES = 4;
const CODES = 3;
const BARS = '▁▂▃▄▅▆▇█';
/** What a line has besides its sparkline. */
const RATE_COLUMNS = 31;

const COMMANDS = 'lockstep_commands_total';
const DELAY = 'lockstep_event_loop_delay_seconds';
const executed = (kind: string) => (scrape: Scrape) => scrape.sum(COMMANDS, { kind, outcome: 'EXECUTED' });

const RATES: Readonly<Record<string, (scrape: Scrape) => number>> = {
  orders: executed('PLACE_ORDER'),
  trades: scrape => scrape.sum('lockstep_trades_total'),
  cancels: scrape => executed('CANCEL_ORDER')(scrape) + executed('CANCEL_ALL')(scrape),
  refusals: scrape => scrape.sum('lockstep_refusals_total'),
};
const LATENCIES: Readonly<Record<string, string>> = {
  apply: 'lockstep_apply_seconds',
  commit: 'lockstep_commit_seconds',
  'into Postgres': 'lockstep_write_seconds',
};

const style = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
const [bold, dim, red, green] = [style(1), style(2), style(31), style(32)] as const;

/** @param looks oldest first, one at least */
export function view(address: string, looks: readonly Look[], { columns, rows }: Size): string[] {
  const lines = [
    title(address, looks.at(-1)!, columns),
    ...parts(looks.at(-1)!),
    '',
    ...rates(looks, columns),
    '',
    ...latencies(looks),
    '',
  ];
  return [...lines, ...markets(looks.at(-1)!.tickers, rows - lines.length)];
}

export function missing(address: string, reason: string): string[] {
  return [`${bold('Lockstep')}  ${address}`, '', red(`not reachable: ${reason}`), 'trying again each second'];
}

function title(address: string, { health }: Look, columns: number): string {
  const [state, paint] = health.ready ? ['takes orders', green] : ['TAKES NO ORDERS', red];
  return (
    bold('Lockstep') + `  ${address}`.padEnd(columns - 1 - 'Lockstep'.length - state!.length) + paint!(state!)
  );
}

function parts({ health, scrape }: Look): string[] {
  const { leader, standbys, sequence, redis, postgres, dbWriter } = health;
  const led = leader && `${leader.instance}, epoch ${leader.epoch}, sequence ${whole(sequence)}`;
  const standing = standbys.map(({ instance, lag }) => `${instance}, lag ${whole(lag)}`);
  const megabytes = (name: string) => whole((scrape.max(name) ?? 0) / 1e6);
  const journal = `${megabytes('lockstep_journal_bytes')} of ${megabytes('lockstep_journal_limit_bytes')} MB`;
  const state = (up: string) => (up === 'up' ? up : red('DOWN'));
  const sockets = (surface: string) => whole(scrape.sum('lockstep_sockets', { surface }));
  const total = (name: string) => whole(scrape.sum(name));
  return [
    row('leader', led ?? red('NONE')),
    row('standbys', standing.join('; ') || 'none'),
    row('writer', `lag ${whole(dbWriter.lag)}; Redis ${state(redis)}, Postgres ${state(postgres)}`),
    row(
      'waiting',
      `list ${total('lockstep_list_entries')}, answers ${total('lockstep_waiting_requests')}; journal ${journal}`,
    ),
    row(
      'sockets',
      `HTTP ${sockets('http')}, WebSocket ${sockets('websocket')}; streams ${total('lockstep_subscriptions')}; drops ${total('lockstep_drops_total')}`,
    ),
  ];
}

function rates(looks: readonly Look[], columns: number): string[] {
  const width = Math.min(60, columns - RATE_COLUMNS);
  const lines = Object.entries(RATES).map(([name, total]) => {
    const values = perSecond(looks, total);
    const highest = Math.max(...values, 0);
    const bars = values.slice(-width).map(value => bar(value, highest));
    return `${name.padEnd(10)}${whole(values.at(-1)).padStart(8)}  ${bars.join('').padStart(width)}${whole(highest).padStart(10)}`;
  });
  const head = dim(
    `${'a second'.padEnd(10)}${'now'.padStart(8)}  ${'the last minute'.padStart(width)}${'most'.padStart(10)}`,
  );
  return [head, ...lines, dim(refusals(looks))];
}

/** Of each moment, over the looks just before it. */
function perSecond(looks: readonly Look[], total: (scrape: Scrape) => number): number[] {
  return looks.slice(1).map((look, index) => {
    const before = looks[Math.max(0, index + 1 - NOW)]!;
    return (Math.max(0, total(look.scrape) - total(before.scrape)) * 1000) / (look.at - before.at);
  });
}

function bar(value: number, highest: number): string {
  return value === 0 ? ' ' : BARS[Math.ceil((value / highest) * BARS.length) - 1]!;
}

/** The most frequent codes. */
function refusals(looks: readonly Look[]): string {
  const [before, now] = window(looks).map(scrape => scrape.by('code', 'lockstep_refusals_total'));
  const counts = [...now!].map(([code, count]) => [code, count - (before!.get(code) ?? 0)] as const);
  const most = counts.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return most
    .slice(0, CODES)
    .map(([code]) => code)
    .join(', ');
}

function latencies(looks: readonly Look[]): string[] {
  const [before, now] = window(looks);
  const left = Object.entries(LATENCIES).map(([name, metric]) => {
    const parts = [0.5, 0.99].map(part => milliseconds(quantile(metric, part, before!, now!)));
    return name.padEnd(14) + parts.join('');
  });
  const right = [...now!.by('process', DELAY).keys()].slice(0, PROCESSES).map(process => {
    const delays = ['0.5', '0.99', '1'].map(part =>
      milliseconds(now!.max(DELAY, delayLabels(process, part))),
    );
    return process.slice(0, 14).padEnd(15) + delays.join('');
  });
  const head = `${'ms'.padEnd(14)}${'p50'.padStart(8)}${'p99'.padStart(8)}     ${'event loop late'.padEnd(15)}${'p50'.padStart(8)}${'p99'.padStart(8)}${'longest'.padStart(8)}`;
  const height = Math.max(left.length, right.length);
  const lines = Array.from({ length: height }, (_, i) => `${(left[i] ?? '').padEnd(35)}${right[i] ?? ''}`);
  return [dim(head), ...lines];
}

function delayLabels(process: string, quantile: string): Labels {
  return { process, quantile };
}

function markets(tickers: readonly Ticker[], rows: number): string[] {
  const head = `${'market'.padEnd(13)}${'bid'.padStart(14)}${'ask'.padStart(14)}${'last'.padStart(14)}${'24 h'.padStart(9)}${'volume'.padStart(15)}`;
  const lines = tickers.map(({ market, bid, ask, last, changePercent, volume }) => {
    const prices = [bid, ask, last].map(price => (price ?? '-').padStart(14)).join('');
    const change = changePercent === null ? '-' : `${changePercent}%`;
    return `${market.slice(0, 13).padEnd(13)}${prices}${change.padStart(9)}${volume.padStart(15)}`;
  });
  const fits = Math.max(1, rows - 1);
  if (lines.length <= fits) return [dim(head), ...lines];
  return [dim(head), ...lines.slice(0, fits - 1), dim(`and ${lines.length - fits + 1} more`)];
}

/** What now is about: a scrape some seconds ago, and the last one. */
function window(looks: readonly Look[]): [Scrape, Scrape] {
  return [looks.at(-1 - NOW) ?? looks[0]!, looks.at(-1)!].map(({ scrape }) => scrape) as [Scrape, Scrape];
}

function row(name: string, text: string): string {
  return dim(name.padEnd(10)) + text;
}

function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? '?' : Math.round(value).toLocaleString('en');
}

/** @param seconds undefined where nothing happened */
function milliseconds(seconds: number | undefined): string {
  return (seconds === undefined ? '-' : (seconds * 1000).toFixed(2)).padStart(8);
}
