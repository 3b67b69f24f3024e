/**
 * The simulated sockets do what those of uWebSockets.js do, as far as the gateway uses them: each scenario is played on
 * both and must give the same.
 */
import { App, type TemplatedApp, us_socket_local_port, type WebSocket } from 'uWebSockets.js';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { WebSocket as WsSocket } from 'ws';
import type { SocketData } from '../api/ws/session.js';
import { type Client, SimulatedApp } from '../scripts/sim/gateway.js';
import type { Owner } from '../scripts/sim/scheduler.js';
import { World } from '../scripts/sim/world.js';
import { eventually } from './ws-client.js';

/** What the other end of a socket has heard, and how it may behave. */
interface Reader {
  readonly heard: string[];
  readonly isClosed: () => boolean;
  say(text: string): void;
  pause(): void;
  resume(): void;
  leave(): void;
}

/** A server of sockets, which notes what it is told of them. */
interface Served {
  readonly app: TemplatedApp;
  readonly events: string[];
  readonly sockets: WebSocket<SocketData>[];
  /** More than a few of these are too many for whoever does not read. */
  readonly large: string;
  connect(): Promise<Reader>;
}

const TOPIC = 'a';
const MAX_BACKPRESSURE = 16 << 20;
/** As many are below the limit, and more than the operating system takes from us. */
const LARGE_MESSAGES = 10;
/** And so many beyond it. */
const TOO_MANY = 40;

/** As in the gateway. A socket subscribes to what its client says. */
function behaviorOf(events: string[], sockets: WebSocket<SocketData>[]) {
  return {
    maxPayloadLength: 64 * 1024,
    maxBackpressure: MAX_BACKPRESSURE,
    closeOnBackpressureLimit: false,
    idleTimeout: 60,
    sendPingsAutomatically: false,
    open: (ws: WebSocket<SocketData>) => {
      events.push('open');
      sockets.push(ws);
    },
    message: (ws: WebSocket<SocketData>, frame: ArrayBuffer) => {
      const topic = Buffer.from(frame).toString();
      events.push(`message ${topic}`);
      ws.subscribe(topic);
    },
    drain: (ws: WebSocket<SocketData>) => {
      if (ws.getBufferedAmount() === 0) events.push('drained');
    },
    dropped: () => void events.push('dropped'),
    close: () => void events.push('close'),
  };
}

const SCENARIOS: Record<string, (served: Served) => Promise<unknown[]>> = {
  'who is subscribed is told, in order': async ({ app, events, sockets, connect }) => {
    const [reader, other] = [await connect(), await connect()];
    const counts = [app.numSubscribers(TOPIC)];
    reader.say(TOPIC);
    await eventually(() => events.includes(`message ${TOPIC}`));
    counts.push(app.numSubscribers(TOPIC), app.numSubscribers('b'));
    sockets[0]!.send('0');
    for (const text of ['1', '2', '3']) app.publish(TOPIC, text);
    sockets[0]!.send('4');
    await eventually(() => reader.heard.length === 5);
    sockets[0]!.unsubscribe(TOPIC);
    app.publish(TOPIC, 'nobody hears that');
    sockets[0]!.send('5');
    await eventually(() => reader.heard.length === 6);
    return [counts, reader.heard, other.heard, sockets[0]!.getBufferedAmount(), events];
  },

  'what is sent to who does not read waits, and comes when it does': async ({ sockets, large, connect }) => {
    const reader = await connect();
    reader.pause();
    await sleep(50);
    for (let i = 0; i < LARGE_MESSAGES; i++) sockets[0]!.send(`${i} ${large}`);
    await sleep(50);
    const waits = sockets[0]!.getBufferedAmount() > 0;
    reader.resume();
    await eventually(() => reader.heard.length === LARGE_MESSAGES);
    await eventually(() => sockets[0]!.getBufferedAmount() === 0);
    return [waits, reader.heard.map(text => Number.parseInt(text, 10)), reader.isClosed()];
  },

  'what is beyond the limit is dropped, and told of': async ({ app, events, sockets, large, connect }) => {
    const answers: unknown[] = [];
    for (const [index, tell] of [
      (text: string) => app.publish(TOPIC, text),
      (text: string) => sockets[1]!.send(text),
    ].entries()) {
      const reader = await connect();
      reader.say(TOPIC);
      await eventually(() => events.includes(`message ${TOPIC}`));
      reader.pause();
      await sleep(50);
      for (let i = 0; i < TOO_MANY && !events.includes('dropped'); i++) {
        tell(`${i} ${large}`);
        await sleep(2);
      }
      answers.push([...new Set(events)], reader.isClosed());
      reader.resume();
      await eventually(() => events.includes('drained') && sockets[index]!.getBufferedAmount() === 0);
      tell('the next one');
      await eventually(() => reader.heard.at(-1) === 'the next one');
      const numbers = reader.heard.slice(0, -1).map(text => Number.parseInt(text, 10));
      answers.push(numbers.every((number, place) => number === place));
      reader.leave();
      await eventually(() => events.includes('close'));
      events.length = 0;
    }
    return answers;
  },

  'who is closed hears nothing more, and is told of once': async ({ app, events, sockets, connect }) => {
    const [reader, other] = [await connect(), await connect()];
    for (const each of [reader, other]) each.say(TOPIC);
    await eventually(() => events.filter(event => event.startsWith('message')).length === 2);
    sockets[0]!.end(1013, 'too slow');
    app.publish(TOPIC, 'after the end');
    await eventually(() => reader.isClosed() && other.heard.length === 1);
    sockets[1]!.close();
    await eventually(() => other.isClosed());
    return [reader.heard, other.heard, app.numSubscribers(TOPIC), events];
  },

  'who leaves is told of': async ({ app, events, connect }) => {
    const reader = await connect();
    reader.say(TOPIC);
    await eventually(() => app.numSubscribers(TOPIC) === 1);
    reader.leave();
    await eventually(() => events.includes('close'));
    return [app.numSubscribers(TOPIC), events];
  },
};

async function real(t: Test): Promise<Served> {
  const [events, sockets]: [string[], WebSocket<SocketData>[]] = [[], []];
  const app = App().ws<SocketData>('/', behaviorOf(events, sockets));
  const port = await new Promise<number>(resolve => {
    app.listen('127.0.0.1', 0, socket => resolve(us_socket_local_port(socket as never)));
  });
  t.teardown(() => app.close());
  const connect = async (): Promise<Reader> => {
    const socket = new WsSocket(`ws://127.0.0.1:${port}/`);
    const heard: string[] = [];
    socket.on('message', message => heard.push(String(message)));
    await once(socket, 'open');
    return {
      heard,
      isClosed: () => socket.readyState === socket.CLOSED,
      say: text => socket.send(text),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      leave: () => socket.terminate(),
    };
  };
  return { app, events, sockets, large: 'x'.repeat(1_500_000), connect };
}

function simulated(t: Test): Served {
  const [events, sockets]: [string[], WebSocket<SocketData>[]] = [[], []];
  const world = new World(1, false);
  const owner: Owner = { name: 'test', alive: true, pausedUntil: 0, clockOffsetMs: 0 };
  const app = new SimulatedApp(world.network, owner);
  app.ws('/', behaviorOf(events, sockets));
  const began = performance.now();
  const life = setInterval(() => void world.scheduler.runUntil(performance.now() - began), 1);
  t.teardown(() => clearInterval(life));
  const connect = async (): Promise<Reader> => {
    const reader = new SimulatedReader(app);
    const before = sockets.length;
    await eventually(() => sockets.length > before);
    return reader;
  };
  return { app: app.app, events, sockets, large: 'x'.repeat(1500), connect };
}

class SimulatedReader implements Client, Reader {
  readonly heard: string[] = [];
  isReading = true;
  #isClosed = false;
  readonly #socket;

  constructor(app: SimulatedApp) {
    this.#socket = app.connect(this)!;
  }

  readonly isClosed = () => this.#isClosed;

  receive(text: string): void {
    this.heard.push(text);
  }

  closed(): void {
    this.#isClosed = true;
  }

  say(text: string): void {
    this.#socket.ask(text);
  }

  pause(): void {
    this.isReading = false;
  }

  resume(): void {
    this.isReading = true;
    this.#socket.take();
  }

  leave(): void {
    this.#socket.hangUp();
  }
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  t.test(name, async t => {
    t.same(await scenario(simulated(t)), await scenario(await real(t)));
  });
}
