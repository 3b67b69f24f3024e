/**
 * A workload in fresh processes of Node, one after the other, started as the exchange's own are.
 *
 * Guarantees: a file that cannot be played is refused before any process starts; it is decompressed once, into a
 * folder that is gone at the end, also after an interruption; the speeds are the best of all runs, and all runs
 * reported the same.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS } from '../../scripts/running/program.js';
import { Refusal } from '../../scripts/running/refusal.js';
import type { PassResult } from './pass.js';
import { decodeWorkload, unpacked } from './workload.js';

export interface Measured extends PassResult {
  messages: number;
}

/** Other work on the machine only ever slows a run down, so the best of several is the one to believe. */
const RUNS = 5;
const PASS = fileURLToPath(new URL('pass.js', import.meta.url));

/** @param interruption ends the run under way and rejects with its reason */
export async function measured(
  file: string,
  interruption: AbortSignal,
  say: (progress: string) => void,
): Promise<Measured> {
  say('reading');
  const bytes = unpacked(file);
  const { messages } = decodeWorkload(bytes);
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-conformance-'));
  try {
    const plainFile = join(folder, 'workload.bin');
    writeFileSync(plainFile, bytes);
    const results: PassResult[] = [];
    for (let run = 1; run <= RUNS; run++) {
      say(`run ${run} of ${RUNS}`);
      results.push(await runOnce(plainFile, interruption));
    }
    return { messages, ...best(results) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOnce(plainFile: string, interruption: AbortSignal): Promise<PassResult> {
  interruption.throwIfAborted();
  const child = spawn(process.execPath, [...NODE_OPTIONS, PASS, plainFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => child.kill();
  interruption.addEventListener('abort', stop);
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  interruption.removeEventListener('abort', stop);
  interruption.throwIfAborted();
  if (code !== 0) {
    throw new Refusal(`a run ended by ${signal ?? `exit code ${code}`}; what it said is above, if anything.`);
  }
  return JSON.parse(output) as PassResult;
}

function best(results: readonly PassResult[]): PassResult {
  const { sha256, restingAtEnd } = results[0]!;
  if (results.some(result => result.sha256 !== sha256 || result.restingAtEnd !== restingAtEnd)) {
    const hashes = results.map(result => result.sha256).join(', ');
    throw new Refusal(`its runs differ, so the book does not decide by the messages alone: ${hashes}.`);
  }
  return {
    firstPassMps: Math.max(...results.map(result => result.firstPassMps)),
    warmMps: Math.max(...results.map(result => result.warmMps)),
    sha256,
    restingAtEnd,
  };
}
