/**
 * A client of a running exchange, typed by the table of operations: calls one after another on a kept connection.
 *
 * What the exchange refuses is a `RefusedError` with its code; any other error means that nobody knows what became of
 * the call, unless its code is ECONNREFUSED: then it was never sent.
 */
import { Agent, request as httpRequest } from 'node:http';
import type { ErrorBody, ErrorCode } from '../../api/errors.js';
import { type Answer, type Input, OPERATIONS, type OperationName } from '../../api/http/operations.js';

/** Longer than any answer takes, that to a log-in in a crowd included. */
const TIMEOUT_MS = 30_000;

export class RefusedError extends Error {
  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
    /** Of the request, that is at fault. */
    readonly field?: string,
  ) {
    super(`${code}: ${message}`);
  }
}

export class Client {
  readonly address: string;
  readonly token: string | undefined;
  readonly #agent: Agent;

  /** @param address such as `http://127.0.0.1:3000` */
  constructor(
    address: string,
    token?: string,
    agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: TIMEOUT_MS }),
  ) {
    this.address = address;
    this.token = token;
    this.#agent = agent;
  }

  /** The same exchange with somebody's token. */
  signedIn(token: string): Client {
    return new Client(this.address, token, this.#agent);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @param parameter what `:name` in the operation's path stands for */
  async call<N extends OperationName>(name: N, input: Input<N>, parameter = ''): Promise<Answer<N>> {
    const { method, path } = OPERATIONS[name];
    const url = path.replace(/:\w+$/, encodeURIComponent(parameter));
    const hasBody = method === 'POST' || method === 'PATCH';
    const answer = hasBody
      ? await this.#send(method, url, JSON.stringify(input))
      : await this.#send(method, `${url}?${new URLSearchParams(input as Record<string, string>)}`);
    if (answer.status < 400) return JSON.parse(answer.text) as Answer<N>;
    const { code, message, field } = (JSON.parse(answer.text) as ErrorBody).error;
    throw new RefusedError(answer.status, code, message, field);
  }

  #send(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${this.address}${path}`,
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
      // The agent's timeout.
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.on('error', reject);
      request.end(body);
    });
  }
}
