/**
 * The floor of order entry: the same HTTP library reads the same requests, parses their JSON and answers the bytes that
 * the exchange has answered, which its arguments name by act. Nothing else happens.
 */
import { App, type HttpResponse } from 'uWebSockets.js';
import type { Act } from '../load/order-cycles.js';

const REQUEST_ID = 'AAAAAAAA-aaaa';

const [port, answers] = process.argv.slice(2) as [string, string];
const bodies = JSON.parse(answers) as Record<Act, string>;

App()
  .post('/*', (response, request) => {
    request.getHeader('authorization');
    response.onAborted(() => {});
    response.onData((chunk, isLast) => {
      if (!isLast) throw new Error('a request in pieces');
      const order = JSON.parse(Buffer.from(chunk).toString()) as { timeInForce: string };
      answer(response, '201 Created', order.timeInForce === 'IOC' ? bodies.TRADE : bodies.REST);
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
