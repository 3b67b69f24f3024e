/**
 * A client of a running exchange: requests one after another on a kept connection, and a stream of messages. What the
 * exchange refuses is a RefusedError with its code.
 */
import { Agent, request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';

export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

interface ErrorBody {
  error: { code: string; message: string };
}

export class Client {
  readonly #address: string;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  /** @param address such as `http://127.0.0.1:3000` */
  constructor(address: string, token?: string, agent = new Agent({ keepAlive: true, maxSockets: 1 })) {
    this.#address = address;
    this.#token = token;
    this.#agent = agent;
  }

  /** The same exchange with somebody's token. */
  signedIn(token: string): Client {
    return new Client(this.#address, token, this.#agent);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** The answer's body; the caller knows from API.md what it is. */
  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#send(method, path, text);
    const json = JSON.parse(answer.text) as T | ErrorBody;
    if (answer.status < 400) return json as T;
    const { code, message } = (json as ErrorBody).error;
    throw new RefusedError(answer.status, code, message);
  }

  #send(method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${this.#address}${path}`,
        { method, headers, agent: this.#agent },
        response => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', chunk => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode!, text }));
          response.on('error', reject);
        },
      );
      // The agent's timeout, where it has one.
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Subscribes to a stream and hands on the data of its messages, in order, until closed. */
  async subscribe<T>(stream: string, onData: (data: T) => void): Promise<{ close: () => void }> {
    const socket = new WebSocket(`${this.#address.replace(/^http/, 'ws')}/api/v1/ws`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Promise((resolve, reject) => {
      socket.on('message', raw => {
        const message = JSON.parse(raw.toString()) as {
          stream?: string;
          data: T;
          id?: number;
          error?: object;
        };
        if (message.stream === stream) onData(message.data);
        else if (message.error !== undefined) reject(new Error(JSON.stringify(message.error)));
        else resolve({ close: () => socket.terminate() });
      });
      socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: [stream], id: 1 }));
    });
  }
}
