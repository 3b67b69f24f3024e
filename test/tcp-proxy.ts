/** A TCP proxy between a program and its server, on which a test can break what breaks in a network. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  #target: number;
  #muted = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer(client => this.#forward(client));
  }

  /** @param targetUrl whose host is this machine */
  static async start(targetUrl: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(portOf(targetUrl));
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** New connections go there. */
  retarget(targetUrl: string): void {
    this.#target = portOf(targetUrl);
  }

  /** Breaks all connections, of a moment only: new ones are accepted. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** What the server says from now on is swallowed, while what is said to it still arrives. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #forward(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    this.#pairs.set(client, server);
    client.on('data', data => server.write(data));
    server.on('data', data => {
      if (!this.#muted) client.write(data);
    });
    const end = () => {
      client.destroy();
      server.destroy();
      this.#pairs.delete(client);
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
