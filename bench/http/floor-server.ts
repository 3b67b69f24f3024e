/**
 * The floor of order entry: the same HTTP library reads the same requests, parses their JSON and answers the bytes that
 * the exchange has answered, which its arguments name by act. And the floor of market data: whoever connects to its
 * WebSocket is sent the same constant for each trade, by the library's own publish. Nothing else happens.
 */
import { App, type HttpResponse } from 'uWebSockets.js';
import type { Act } from '../load/order-cycles.js';

const REQUEST_ID = 'AAAAAAAA-aaaa';
const TOPIC = 'trades';
const TRADE_MESSAGE =
  '{"stream":"btc_usdt@trade","data":{"e":"trade","E":1700000000000,"s":"BTC_USDT","t":"100000","p":"50000.01",' +
  '"q":"0.00010","T":1700000000000,"m":true}}';

const [port, answers] = process.argv.slice(2) as [string, string];
const bodies = JSON.parse(answers) as Record<Act, string>;

// Whoever has started it is gone, or wants no more.
process.once('disconnect', () => process.exit());

const app = App();
app
  .ws('/api/v1/ws', {
    message: socket => {
      socket.subscribe(TOPIC);
      socket.send('{"result":null,"id":1}');
    },
  })
  .post('/*', (response, request) => {
    request.getHeader('authorization');
    response.onAborted(() => {});
    response.onData((chunk, isLast) => {
      if (!isLast) throw new Error('a request in pieces');
      const { timeInForce } = JSON.parse(Buffer.from(chunk).toString()) as { timeInForce: string };
      if (timeInForce === 'IOC') app.publish(TOPIC, TRADE_MESSAGE);
      answer(response, '201 Created', timeInForce === 'IOC' ? bodies.TRADE : bodies.REST);
    });
  })
  .del('/*', (response, request) => {
    request.getHeader('authorization');
    new URLSearchParams(request.getQuery());
    answer(response, '200 OK', bodies.CANCEL);
  })
  .listen('127.0.0.1', Number(port), () => {
    process.send!('listening');
  });

function answer(response: HttpResponse, status: string, body: string): void {
  response.cork(() => {
    response.writeStatus(status);
    response.writeHeader('Content-Type', 'application/json');
    response.writeHeader('X-Request-Id', REQUEST_ID);
    response.end(body);
  });
}
