/**
 * An exchange that has traded, and scripts that look into it: what the tests of `npm run verify` and `npm run journal`
 * share.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { type Stack, startStack, type TestUser } from './stack.js';

async function place(stack: Stack, { token }: TestUser, order: Record<string, string>): Promise<void> {
  const body = { market: 'ADA_USDT', type: 'LIMIT', ...order };
  const answer = await stack.request('POST', '/api/v1/order', { token, body });
  if (answer.status !== 201) throw new Error(`order: ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Fills of every kind: whole, in part and still open, in part and expired; and what is just open. */
export async function trade(stack: Stack, buyer: TestUser, seller: TestUser): Promise<void> {
  await place(stack, buyer, { side: 'BUY', quantity: '10', price: '1.9' });
  await place(stack, seller, { side: 'SELL', quantity: '10', price: '2' });
  await place(stack, seller, { side: 'SELL', quantity: '1', price: '1.9' });
  await place(stack, buyer, { side: 'BUY', quantity: '12', price: '2', timeInForce: 'IOC' });
  await place(stack, buyer, { side: 'BUY', quantity: '5', price: '1.5' });
  await place(stack, seller, { type: 'MARKET', side: 'SELL', quoteQuantity: '3' });
}

export async function traded(t: Test): Promise<{ stack: Stack; buyer: TestUser; seller: TestUser }> {
  const stack = await startStack(t);
  const token = await stack.admin();
  const body = { makerFee: '0.001', takerFee: '0.002' };
  const { status } = await stack.request('PATCH', '/api/v1/admin/markets/ADA_USDT', { token, body });
  t.equal(status, 200, 'fees are set');
  const buyer = await stack.trader({ USDT: '10000' });
  const seller = await stack.trader({ ADA: '5000' });
  await trade(stack, buyer, seller);
  await stack.settled();
  return { stack, buyer, seller };
}

export type Run = { code: number; stdout: string; stderr: string };

export async function run(script: string, args: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], {
      env: { ...process.env, ...env },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Run;
  }
}
