/**
 * Reads the TAP stream of a test run: counts its assertions and picks out what a person wants to see.
 *
 * Guarantees: every assertion of every depth counts once; a test or a file that fails without a failing assertion (it
 * crashed, timed out, or ended early) counts as one failure; skipped and to-do ones count as neither.
 */

export interface TapCounts {
  passed: number;
  failed: number;
}

/** TAP indents each level of subtests by four spaces. */
const SUBTEST = /^( *)# Subtest: (.*)$/;
const TEST_POINT = /^( *)(not )?ok \d+(?: - (.*?))?(?: # time=([\d.]+)ms)?$/;
const SKIP_OR_TODO = / # (?:SKIP|TODO)\b/i;

/** One that is open: its name, and how many failures there were when it began. */
interface Subtest {
  readonly name: string;
  readonly failedBefore: number;
}

export class TapReport {
  readonly counts: TapCounts = { passed: 0, failed: 0 };
  readonly #open: Subtest[] = [];
  /** While the diagnostics of a failure are read: the prefix of its lines. */
  #diagnosticIndent: string | undefined;

  constructor(private readonly say: (line: string) => void) {}

  readLine(line: string): void {
    if (this.#diagnosticIndent !== undefined && line.startsWith(this.#diagnosticIndent)) {
      this.say(`    ${line.slice(this.#diagnosticIndent.length)}`);
      return;
    }
    this.#diagnosticIndent = undefined;
    const subtest = SUBTEST.exec(line);
    if (subtest !== null) {
      this.#open[depthOf(subtest[1])] = { name: subtest[2] ?? '', failedBefore: this.counts.failed };
      return;
    }
    const point = SKIP_OR_TODO.test(line) ? null : TEST_POINT.exec(line);
    if (point !== null) {
      const [, indent = '', not, name = '', timeMs] = point;
      this.#readPoint(indent, not === undefined, name, timeMs);
    }
  }

  #readPoint(indent: string, isOk: boolean, name: string, timeMs: string | undefined): void {
    const depth = depthOf(indent);
    const closed = this.#open[depth]?.name === name ? this.#open[depth] : undefined;
    const path = this.#open.slice(0, depth).map(subtest => subtest.name);
    if (closed !== undefined) {
      this.#open.length = depth;
    }
    const isCounted = closed === undefined || (!isOk && closed.failedBefore === this.counts.failed);
    if (isCounted) {
      this.counts[isOk ? 'passed' : 'failed']++;
    }
    if (isCounted && !isOk) {
      this.#diagnosticIndent = `${indent}  `;
    }
    if (depth === 0) {
      this.say(`${isOk ? 'ok    ' : 'FAILED'} ${name} ${Math.round(Number(timeMs ?? 0))} ms`);
    } else if (isCounted && !isOk) {
      this.say(`FAILED ${[...path, name].join(' > ')}`);
    }
  }
}

function depthOf(indent = ''): number {
  return indent.length / 4;
}
