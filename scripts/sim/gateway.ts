/**
 * What the gateway takes for an app of uWebSockets.js: its sockets, its topics, and what it says of a slow reader.
 *
 * What is sent leaves at once as long as the client reads; when it does not, all of it waits, and is counted with a weight,
 * so that little is much. A socket that is closed loses what waits.
 */
import type { TemplatedApp, WebSocket, WebSocketBehavior } from 'uWebSockets.js';
import type { SocketData } from '../../api/ws/session.js';
import type { Network } from './link.js';
import type { Owner } from './scheduler.js';

/** The other end of a socket. */
export interface Client {
  /** Whether it takes what is sent to it. */
  readonly isReading: boolean;
  receive(text: string): void;
  closed(): void;
}

type Behavior = WebSocketBehavior<SocketData>;

/** A thousand characters that wait are as much as the gateway takes for slow. */
const BYTES_A_CHARACTER = 1000;
const SHORTEST_MS = 0.05;
const SPREAD_US = 400;

export class SimulatedApp {
  readonly #network: Network;
  readonly #owner: Owner;
  readonly #sockets = new Set<SimulatedSocket>();
  #behavior: Behavior | undefined;

  constructor(network: Network, owner: Owner) {
    this.#network = network;
    this.#owner = owner;
  }

  /** What `attachGateway` asks for. */
  get app(): TemplatedApp {
    return this as unknown as TemplatedApp;
  }

  ws(_path: string, behavior: Behavior): void {
    this.#behavior = behavior;
  }

  numSubscribers(topic: string): number {
    return [...this.#sockets].filter(({ topics }) => topics.has(topic)).length;
  }

  publish(topic: string, text: string): void {
    for (const socket of this.#sockets) if (socket.topics.has(topic)) socket.send(text);
  }

  /** @returns nothing while nobody listens */
  connect(client: Client): SimulatedSocket | undefined {
    if (this.#behavior === undefined) return undefined;
    const socket = new SimulatedSocket(this.#network, this.#owner, this.#behavior, client);
    socket.onClosed = () => this.#sockets.delete(socket);
    this.#sockets.add(socket);
    return socket;
  }

  /** The process has ended. */
  end(): void {
    this.#behavior = undefined;
    for (const socket of this.#sockets) socket.lose();
  }
}

export class SimulatedSocket {
  readonly topics = new Set<string>();
  onClosed: () => void = () => {};
  readonly #network: Network;
  readonly #owner: Owner;
  readonly #behavior: Behavior;
  readonly #client: Client;
  readonly #data: SocketData = {};
  #waiting: string[] = [];
  #isOpen = true;
  /** When what was sent last, in each direction, arrives. */
  #sent = 0;
  #asked = 0;

  constructor(network: Network, owner: Owner, behavior: Behavior, client: Client) {
    this.#network = network;
    this.#owner = owner;
    this.#behavior = behavior;
    this.#client = client;
    this.#asked = this.#arrival(0);
    this.#run(this.#asked, () => behavior.open?.(this.#ws));
  }

  get #ws(): WebSocket<SocketData> {
    return this as unknown as WebSocket<SocketData>;
  }

  // As the client has it.

  ask(text: string): void {
    this.#asked = this.#arrival(this.#asked);
    this.#run(this.#asked, () => {
      void this.#behavior.message?.(this.#ws, Buffer.from(text) as never, false);
    });
  }

  /** The client takes what waits. */
  take(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const text of waiting) this.#leave(text);
    if (waiting.length > 0) this.#run(this.#network.scheduler.now, () => this.#behavior.drain?.(this.#ws));
  }

  hangUp(): void {
    this.#run(this.#arrival(this.#asked), () => this.close());
  }

  // As the gateway has it.

  getUserData(): SocketData {
    return this.#data;
  }

  getBufferedAmount(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length * BYTES_A_CHARACTER, 0);
  }

  subscribe(topic: string): void {
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  send(text: string): void {
    if (this.#client.isReading) this.#leave(text);
    else if (this.getBufferedAmount() <= this.#behavior.maxBackpressure!) this.#waiting.push(text);
    else this.#behavior.dropped?.(this.#ws, text as never, false);
  }

  ping(): void {}

  end(): void {
    this.close();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.lose();
    this.#behavior.close?.(this.#ws, 0, Buffer.alloc(0) as never);
  }

  /** The process is gone, and the client notices. */
  lose(): void {
    this.#isOpen = false;
    this.onClosed();
    this.#network.scheduler.after(this.#arrival(this.#sent) - this.#network.scheduler.now, undefined, () =>
      this.#client.closed(),
    );
  }

  #leave(text: string): void {
    const { scheduler } = this.#network;
    this.#sent = this.#arrival(this.#sent);
    scheduler.after(this.#sent - scheduler.now, undefined, () => this.#client.receive(text));
  }

  /** Runs code of the gateway, if there still is a socket by then. */
  #run(at: number, run: () => void): void {
    const { scheduler } = this.#network;
    scheduler.after(at - scheduler.now, this.#owner, () => {
      if (this.#isOpen) run();
    });
  }

  #arrival(before: number): number {
    const { scheduler, random } = this.#network;
    return Math.max(before, scheduler.now + SHORTEST_MS + random.below(SPREAD_US) / 1000);
  }
}
