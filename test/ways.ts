/**
 * The same commands in several ways: in batches of any size, and stopped at any place and loaded from the checkpoint.
 * All must give the same events, byte for byte, the same checkpoint and the same hash (docs: what we promise).
 */
import assert from 'node:assert/strict';
import type { Image } from '../shared/domain/codec.js';
import type { Command } from '../shared/domain/commands.js';
import { FIRST_USER } from '../shared/domain/entities.js';
import { checkpointText, type Input, Recorded } from './recorded.js';

const REPLY_TIMEOUT_MS = 1000;
/** An account that no session uses. */
const STRANGER = FIRST_USER + 999;

/** Where the run of one command a batch was after some number of commands. */
interface Stop {
  done: number;
  checkpoint: Image[];
  stateHash: string;
}

/**
 * Throws where one way differs from another.
 * @param stopEvery after how many commands the exchange is stopped and loaded again; always after the last one, too
 */
export function assertAllWaysAgree(session: readonly Input[], stopEvery: number): void {
  const inputs = [...session, ...epilogue(session)];
  const isStop = (done: number) =>
    done === session.length || (done <= session.length && done % stopEvery === 0);
  const { run: reference, stops } = runWithStops(inputs, isStop);
  for (const batchSize of [7, inputs.length]) {
    const run = Recorded.fresh();
    runInBatches(run, inputs, batchSize);
    assertSame(run, reference, 0, `in batches of ${batchSize}`);
  }
  for (const { done, checkpoint, stateHash } of stops) {
    const run = Recorded.load(checkpoint);
    assert.equal(run.exchange.stateHash, stateHash, `hash of the checkpoint after ${done} commands`);
    runInBatches(run, inputs.slice(done), 7);
    assertSame(run, reference, done, `loaded after ${done} commands`);
  }
}

function runWithStops(inputs: readonly Input[], isStop: (done: number) => boolean) {
  const run = Recorded.fresh();
  const stops: Stop[] = [];
  for (const [index, input] of inputs.entries()) {
    run.execute(input);
    const { stateHash } = run.endBatch();
    if (isStop(index + 1)) stops.push({ done: index + 1, checkpoint: run.checkpoint(), stateHash });
  }
  return { run, stops };
}

function runInBatches(run: Recorded, inputs: readonly Input[], batchSize: number): void {
  for (let first = 0; first < inputs.length; first += batchSize) {
    for (const input of inputs.slice(first, first + batchSize)) run.execute(input);
    run.endBatch();
  }
}

function assertSame(run: Recorded, reference: Recorded, done: number, way: string): void {
  assert.deepEqual(run.journal(), reference.journal().slice(done), `events ${way}`);
  assert.equal(run.exchange.stateHash, reference.exchange.stateHash, `hash ${way}`);
  assert.equal(checkpointText(run.checkpoint()), checkpointText(reference.checkpoint()), `checkpoint ${way}`);
}

/** Touches all that the session left: repeats its transfers, takes every book empty, cancels what is open. */
function epilogue(session: readonly Input[]): Input[] {
  const commands = session.map(({ command }) => command);
  const markets = new Set(commands.flatMap(({ kind, body }) => (kind === 'CREATE_MARKET' ? [body] : [])));
  const accounts = new Set(commands.flatMap(({ body }) => ('account' in body ? [body.account] : [])));
  const time = session.at(-1)?.timing.time ?? 0;
  const timing = { time, deadline: time + REPLY_TIMEOUT_MS };
  return [
    ...commands.filter(({ kind }) => kind === 'DEPOSIT' || kind === 'WITHDRAW'),
    ...[...markets].flatMap(({ market, base, quote }): Command[] => [
      transfer(base),
      transfer(quote),
      marketOrder(market, 'BUY'),
      marketOrder(market, 'SELL'),
    ]),
    ...[...accounts].map((account): Command => ({ kind: 'CANCEL_ALL', body: { account, market: null } })),
  ].map(command => ({ command, timing }));
}

function transfer(asset: string): Command {
  return { kind: 'DEPOSIT', body: { account: STRANGER, asset, amount: 10n ** 16n, key: null } };
}

function marketOrder(market: string, side: 'BUY' | 'SELL'): Command {
  return {
    kind: 'PLACE_ORDER',
    body: {
      account: STRANGER,
      market,
      clientOrderId: `take-${side}`,
      side,
      type: 'MARKET',
      timeInForce: 'IOC',
      selfTradePrevention: 'EXPIRE_MAKER',
      price: null,
      quantity: null,
      quoteQuantity: 10n ** 15n,
    },
  };
}
