/** What a run tells: lines while it goes on, and the table at its end. */
import type { Finding } from './comparison.js';
import { type Fault, kindOf } from './faults.js';
import type { Outage } from './service.js';
import type { Tally } from './tally.js';

interface Struck {
  /** `performance.now()`. */
  readonly at: number;
  readonly faults: readonly Fault[];
}

const MOST_FINDINGS = 30;
const ANSWER_ON_ITS_WAY_MS = 100;

export class Report {
  readonly #startedAt = performance.now();
  readonly #strikes: Struck[] = [];

  say(line: string): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    console.log(`${seconds.toFixed(1).padStart(7)} s  ${line}`);
  }

  struck(faults: readonly Fault[]): void {
    this.#strikes.push({ at: performance.now(), faults });
  }

  progress(tally: Tally, isUp: boolean): void {
    const { requests, acknowledged, unknown } = tally;
    const faults = this.#strikes.flatMap(strike => strike.faults).length;
    this.say(
      `${faults} faults, ${requests} requests, ${acknowledged} acknowledged, ${unknown} unknown, ` +
        `service ${isUp ? 'up' : 'DOWN'}`,
    );
  }

  /** The table, and what is wrong. */
  finish(tally: Tally, outages: readonly Outage[], findings: readonly Finding[]): void {
    for (const line of this.#faultLines(outages)) console.log(line);
    const count = (kind: Finding['kind']) => findings.filter(finding => finding.kind === kind).length;
    const longest = Math.max(0, ...outages.map(lengthOf));
    console.log(`
requests          ${tally.requests}
acknowledged      ${tally.acknowledged}
refused           ${tally.refused}
not queued        ${tally.notQueued}
unknown at first  ${tally.unknown}
lost              ${count('LOST')}
doubled           ${count('DOUBLED')}
contradictions    ${count('CONTRADICTION')}
without service   ${seconds(longest)} at most`);
    for (const { kind, what } of findings.slice(0, MOST_FINDINGS)) console.log(`${kind} ${what}`);
    if (findings.length > MOST_FINDINGS) console.log(`… and ${findings.length - MOST_FINDINGS} more`);
  }

  /** A strike's time without service is the longest outage that it caused. */
  #faultLines(outages: readonly Outage[]): string[] {
    const lengths = new Map(this.#strikes.map(strike => [strike, 0]));
    for (const outage of outages) {
      const cause = this.#causeOf(outage);
      if (cause !== undefined) lengths.set(cause, Math.max(lengths.get(cause)!, lengthOf(outage)));
    }
    const times = new Map<string, number>();
    const alone = new Map<string, number[]>();
    for (const [{ faults }, length] of lengths) {
      for (const fault of faults) times.set(kindOf(fault), (times.get(kindOf(fault)) ?? 0) + 1);
      const kind = faults.length === 1 ? kindOf(faults[0]!) : 'two at a time';
      alone.set(kind, [...(alone.get(kind) ?? []), length]);
    }
    const line = (kind: string) =>
      row(kind, times.get(kind) ?? alone.get(kind)!.length, alone.get(kind) ?? []);
    const kinds = [...times.keys()].sort();
    return [
      `\n${'fault'.padEnd(20)} times   without service, where alone: median, max`,
      ...[...kinds, ...(alone.has('two at a time') ? ['two at a time'] : [])].map(line),
      `${'faults in all'.padEnd(20)} ${String(sum([...times.values()])).padStart(5)}`,
    ];
  }

  /** The first strike after the last order that was answered, whose answer may have been on its way; else the last. */
  #causeOf({ from, to }: Outage): Struck | undefined {
    const within = this.#strikes.find(({ at }) => at >= from - ANSWER_ON_ITS_WAY_MS && at <= to);
    return within ?? this.#strikes.findLast(({ at }) => at < from);
  }
}

function row(kind: string, times: number, lengths: readonly number[]): string {
  const sorted = [...lengths].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const figures = median === undefined ? '' : `${seconds(median)}   ${seconds(sorted.at(-1)!)}`;
  return `${kind.padEnd(20)} ${String(times).padStart(5)}   ${figures}`;
}

function lengthOf({ from, to }: Outage): number {
  return to - from;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
