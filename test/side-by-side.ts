/**
 * The exchange and the naive one, told the same. Throws where they differ: after every command in an event, in the
 * answer, at the end of a batch in a book or in any field of any entity that is part of the state.
 */
import assert from 'node:assert/strict';
import { Exchange } from '../engine/core/exchange.js';
import { type Answer, encodeAnswer } from '../shared/domain/answers.js';
import { decodeImages, encodeImages, type Image } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import { KINDS } from '../shared/domain/entities.js';
import type { Event } from '../shared/domain/events.js';
import { NaiveExchange } from './naive-exchange.js';
import { encodeEvent, encodeImage } from './tuples.js';

export interface Told {
  command: Command;
  timing: { time: number; deadline: number };
}

export class SideBySide {
  readonly naive = new NaiveExchange();
  readonly #real = new Exchange(event => this.#said.push(JSON.stringify(encodeEvent(event))));
  /** Events of the command that is being executed, as the journal has them. */
  #said: string[] = [];
  /** The latest image of every live entity, by its name, as the real exchange gave them. */
  readonly #held = new Map<string, string>();

  /** The naive exchange's events, which are the real one's, too. */
  tell({ command, timing }: Told): Event[] {
    this.#said = [];
    const answer = this.#real.execute(command, timing);
    const expected = this.naive.execute(command, timing);
    assertSameLines(
      this.#said,
      expected.events.map(event => JSON.stringify(encodeEvent(event))),
      'events',
    );
    assertSameAnswer(answer, expected.answer);
    return expected.events;
  }

  endBatch(): void {
    for (const image of changedImages(this.#real)) {
      if (isLive(image)) this.#held.set(nameOf(image), textOf(image));
      else this.#held.delete(nameOf(image));
    }
    const expected = this.naive.state().map(textOf);
    assertSameLines([...this.#held.values()].sort(), expected.sort(), 'state');
    for (const book of this.naive.books()) {
      const { market } = book;
      assertSameAnswer(this.#real.query({ kind: 'BOOK', body: { market } }), { kind: 'BOOK', book });
    }
    this.#real.audit();
  }
}

/** Each entity that changed since the last batch. */
function changedImages(exchange: Exchange): Image[] {
  return decodeImages(encodeImages(exchange.endBatch().images));
}

function isLive({ kind, entity }: Image): boolean {
  return (KINDS[kind].live as (entity: unknown) => boolean)(entity);
}

/** `order 1001 17`, `balance 1001 USDT`. */
function nameOf({ kind, entity }: Image): string {
  const fields = entity as unknown as Record<string, string | number>;
  return [kind, ...KINDS[kind].key.map(field => fields[field])].join(' ');
}

function textOf({ kind, entity }: Image): string {
  return JSON.stringify([nameOf({ kind, entity } as Image), encodeImage(kind, entity)]);
}

/** A creation's answer is left open by the rules, but not that it is no refusal; so is the order of canceled ids. */
function assertSameAnswer(actual: Answer, expected: Answer | undefined): void {
  if (expected === undefined) assert.notEqual(actual.kind, 'REFUSED');
  else assertSameLines(linesOf(actual), linesOf(expected), 'answer');
}

function linesOf(answer: Answer): string[] {
  if (answer.kind === 'CANCELED') return answer.orderIds.map(String).sort();
  return [encodeAnswer(answer)];
}

function assertSameLines(actual: readonly string[], expected: readonly string[], what: string): void {
  if (actual.join('\n') === expected.join('\n')) return;
  assert.deepEqual(actual, expected, `${what} of the exchange (actual) and of the rules (expected)`);
}
