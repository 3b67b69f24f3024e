/** The load that does not wait for answers, against a server that answers one of them late. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { OpenLoop } from '../bench/load/open-loop.js';
import { CYCLE_LENGTH } from '../bench/load/order-cycles.js';
import type { Request } from '../bench/load/requests.js';
import { Tally } from '../bench/load/tally.js';

const BODY = '{"status":"CANCELED"}';
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const LATE_MS = 100;

t.test('the end waits for the last answer of a cycle', async t => {
  let requests = 0;
  const server = createServer(socket => {
    socket.on('data', () => {
      const isLast = ++requests % CYCLE_LENGTH === 0;
      setTimeout(() => socket.write(ANSWER), isLast ? LATE_MS : 0);
    });
  });
  server.listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script: Request[] = Array(CYCLE_LENGTH).fill({ act: 'CANCEL', bytes: Buffer.from('cancel') });
  const tally = new Tally();
  const rate = { perSecond: 200, place: 0, of: 1 };
  const loop = new OpenLoop({ host: '127.0.0.1', port }, [script], tally, rate);
  loop.start();
  while (requests < CYCLE_LENGTH - 1) await sleep(1);
  // The connection is free again, with one request of its cycle to go.
  await sleep(2);
  await loop.end();
  t.equal(tally.measured(0).acts.CANCEL, CYCLE_LENGTH);
});
