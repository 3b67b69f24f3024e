/**
 * `npm run market-maker [-- --url http://127.0.0.1:3000 --market BTC_USDT --price 50000]`: an example of a trading
 * program. A new user quotes both sides around the last price, anew whenever it has changed, until it is stopped
 * (Ctrl-C); then it cancels what is left. `--price` is where it begins if nothing was traded yet.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, RefusedError } from './client/client.js';
import { placeOrder } from './client/place-order.js';
import { Streams } from './client/streams.js';

const SPREAD = 0.001;
const QUOTE_AMOUNT = 500;
const PAUSE_MS = 100;

const { url, market, price } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    market: { type: 'string', default: 'BTC_USDT' },
    price: { type: 'string', default: '50000' },
  },
}).values;

const visitor = new Client(url);
const user = { email: `maker-${randomUUID()}@example.com`, password: randomUUID() };
const client = visitor.signedIn((await visitor.call('register', user)).token);
const rules = (await client.call('getMarkets', {})).find(one => one.market === market);
if (rules === undefined) throw new Error(`there is no market ${market}`);
await client.call('deposit', { asset: rules.base, amount: '10' });
await client.call('deposit', { asset: rules.quote, amount: '100000' });

const [newest] = await client.call('getTrades', { market, limit: '1' });
let last = newest?.price ?? price;
const streams = new Streams(url);
await streams.subscribe(`${market.toLowerCase()}@trade`, ({ p }) => {
  last = p;
});

let isRunning = true;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isRunning = false));

for (let quoted = ''; isRunning; await sleep(PAUSE_MS)) {
  if (last === quoted) continue;
  quoted = last;
  await client.call('cancelAll', { market });
  await quote('BUY', Number(quoted) * (1 - SPREAD));
  await quote('SELL', Number(quoted) * (1 + SPREAD));
}
const { canceled } = await client.call('cancelAll', { market });
console.log(`stopped; ${canceled.length} orders canceled`);
streams.close();
client.close();

/** Post-only: whoever would take has quoted a price that is gone. */
async function quote(side: 'BUY' | 'SELL', around: number): Promise<void> {
  const order = {
    price: toStep(around, rules!.tickSize),
    quantity: toStep(QUOTE_AMOUNT / around, rules!.lotSize),
  };
  try {
    await placeOrder(client, { market, side, type: 'LIMIT_MAKER', ...order });
    console.log(`${side} ${order.quantity} at ${order.price}`);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    console.log(`${side} at ${order.price}: ${error.message}`);
  }
}

/** A whole number of steps. */
function toStep(value: number, step: string): string {
  const [, decimals = ''] = step.split('.');
  return (Math.round(value / Number(step)) * Number(step)).toFixed(decimals.length);
}
