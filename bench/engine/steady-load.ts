/** How long a command takes under a steady load of 300,000 a second, at 100,000 resting orders. */

import { barLines, type Percentiles, percentileLine } from '../measuring/latencies.js';
import { tell, tellDone } from '../measuring/progress.js';
import { atMost, inMilliseconds, type Report, significant, withFloor } from '../measuring/rows.js';
import { percent, whole } from '../measuring/text.js';
import { Collections, collectionsWithin, longestMs, overlapMs, totalMs } from './collections.js';
import { CommandsAhead } from './commands-ahead.js';
import { inFreshProcess } from './fresh-process.js';
import { LoadedExchange } from './loaded-exchange.js';
import { machinePauses } from './machine-pauses.js';
import { OpenLoop, PAUSE_MS } from './open-loop.js';
import { fourMarkets } from './order-flow.js';

const RATE = 300_000;
const RESTING = 100_000;
const WARM_UP_SECONDS = 5;
/** What 9,999 of 10,000 commands have to keep. */
const MAX_P9999_MS = 5;
/** Commands that may be left over when the time is up: what one pause leaves behind. */
const TOLERATED_LEFT_OVER = RATE * 0.01;

interface SpanStatistics {
  count: number;
  totalMs: number;
  longestMs: number;
}

export interface SteadyLoad {
  seconds: number;
  taken: number;
  leftOver: number;
  batches: number;
  late: number;
  makingMs: number;
  notingMs: number;
  refused: number;
  percentiles: Percentiles;
  mean: number;
  bars: number[];
  minor: SpanStatistics;
  major: SpanStatistics;
  pauses: SpanStatistics;
  collectingInPausesMs: number;
  /** Of the machine alone, in as many seconds. */
  machine: SpanStatistics;
}

export async function reportSteadyLoad(seconds: number): Promise<Report> {
  const load = await inFreshProcess('steadyLoad', { seconds });
  const achieved = load.taken / load.seconds;
  return {
    lines: [
      rateLine(load, achieved),
      `latency: ${percentileLine(load.percentiles)}`,
      ...barLines(load.bars),
      ...collectionLines(load),
      loadLine(load),
    ],
    rows: [
      { case: `steady load, ${RATE} offered`, value: Math.round(achieved), unit: 'commands/s' },
      {
        case: 'steady load, latency',
        value: significant(load.mean / 1000),
        unit: 'µs',
        ...inMilliseconds(load.percentiles),
        goal: { what: 'p99.99', ...atMost(load.percentiles.p9999 / 1e6, MAX_P9999_MS) },
      },
      {
        case: 'steady load, longest pause; floor: of the machine alone',
        unit: 'ms',
        ...withFloor({ measured: [load.pauses.longestMs], floor: [load.machine.longestMs] }),
      },
    ],
  };
}

function rateLine({ leftOver }: SteadyLoad, achieved: number): string {
  const held = leftOver <= TOLERATED_LEFT_OVER;
  return (
    `offered ${whole(RATE)} commands/s at ${whole(RESTING)} resting, achieved ${whole(achieved)}: ` +
    (held ? 'held' : `NOT HELD, ${whole(leftOver)} commands were waiting at the end`)
  );
}

function collectionLines(load: SteadyLoad): string[] {
  const { minor, major, pauses, collectingInPausesMs, machine, seconds } = load;
  const text = ({ count, totalMs, longestMs }: SpanStatistics) =>
    `${count}, ${totalMs.toFixed(0)} ms in all, the longest ${longestMs.toFixed(1)} ms`;
  return [
    `pauses of ${PAUSE_MS} ms and more: ${text(pauses)}; ` +
      `${percent(collectingInPausesMs, pauses.totalMs || 1, 0)} of that was garbage collection`,
    `garbage collection: minor ${text(minor)}; major ${text(major)}`,
    `the machine alone, a thread that only looks at the clock for ${seconds} s: ${text(machine)}`,
  ];
}

function loadLine({ seconds, taken, batches, makingMs, notingMs, late, refused }: SteadyLoad): string {
  const share = (ms: number) => percent(ms, 1_000 * seconds);
  return (
    `${(taken / batches).toFixed(1)} commands a batch, ${percent(refused, taken, 2)} refused; of the thread, ` +
    `making commands took ${share(makingMs)} (${whole(late)} of them late), noting latencies ${share(notingMs)}`
  );
}

export async function measureSteadyLoad({ seconds }: { seconds: number }): Promise<SteadyLoad> {
  tell(`steady load: ${whole(RESTING)} orders are placed`);
  const loaded = new LoadedExchange(fourMarkets(RESTING));
  const ahead = new CommandsAhead(loaded.flow);
  tell('steady load: warming up');
  await new OpenLoop({ rate: RATE, seconds: WARM_UP_SECONDS }, loaded, ahead).run();

  loaded.takeCounts();
  ahead.startCounting();
  const collections = new Collections();
  const loop = new OpenLoop({ rate: RATE, seconds }, loaded, ahead);
  const stopTelling = tellEachSecond(seconds);
  await loop.run();
  const collected = collectionsWithin(await collections.end(), {
    fromMs: loop.began,
    toMs: loop.began + 1_000 * seconds,
  });
  stopTelling();
  loaded.audit();
  const latencies = loop.latencies();
  return {
    seconds,
    taken: loop.taken,
    leftOver: loop.leftOver,
    batches: loop.batches,
    late: ahead.late,
    makingMs: ahead.ms,
    notingMs: loop.notingMs,
    refused: loaded.takeCounts().refused,
    percentiles: latencies.percentiles(),
    mean: latencies.mean,
    bars: latencies.bars(),
    minor: statistics(collected.filter(({ isMajor }) => !isMajor)),
    major: statistics(collected.filter(({ isMajor }) => isMajor)),
    pauses: statistics(loop.pauses),
    collectingInPausesMs: overlapMs(loop.pauses, collected),
    machine: statistics(machinePauses(seconds, PAUSE_MS)),
  };
}

function tellEachSecond(seconds: number): () => void {
  let second = 0;
  const timer = setInterval(() => tell(`steady load: ${++second} of ${seconds} s`), 1_000);
  return () => {
    clearInterval(timer);
    tellDone();
  };
}

function statistics(spans: { fromMs: number; toMs: number }[]): SpanStatistics {
  return { count: spans.length, totalMs: totalMs(spans), longestMs: longestMs(spans) };
}
