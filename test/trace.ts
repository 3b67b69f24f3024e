/** All that an exchange says, as bytes: what must be the same wherever the same commands are executed. */
import { createHash } from 'node:crypto';
import { type BatchEffects, Exchange } from '../engine/core/exchange.js';
import { encodeAnswer } from '../shared/domain/answers.js';
import { encodeImages } from '../shared/domain/codec.js';
import type { Input } from './recorded.js';
import { encodeEvent } from './tuples.js';

export interface Trace {
  /** Of each command: its events and its answer. */
  commands: string[];
  /** Of each batch: the changed entities, the changed depth, the state hash. */
  batches: string[];
  stateHash: string;
}

export function traceOf(inputs: readonly Input[], batchSize: number): Trace {
  const trace: Trace = { commands: [], batches: [], stateHash: '' };
  let events: string[] = [];
  const exchange = new Exchange(event => events.push(JSON.stringify(encodeEvent(event))));
  for (let first = 0; first < inputs.length; first += batchSize) {
    for (const { command, timing } of inputs.slice(first, first + batchSize)) {
      events = [];
      const answer = exchange.execute(command, timing);
      trace.commands.push(`${events.join(' ')} ${encodeAnswer(answer)}`);
    }
    trace.batches.push(textOf(exchange.endBatch()));
  }
  return { ...trace, stateHash: exchange.stateHash };
}

function textOf({ images, depth, stateHash }: BatchEffects): string {
  return `${encodeImages(images)} ${JSON.stringify(depth)} ${stateHash}`;
}

/** A trace in three lines, for another process to compare with. */
export interface Digest {
  commands: string;
  batches: string;
  stateHash: string;
}

export function digestOf({ commands, batches, stateHash }: Trace): Digest {
  return { commands: sha256(commands), batches: sha256(batches), stateHash };
}

function sha256(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
