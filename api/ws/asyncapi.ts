/** The AsyncAPI 3 document of the streams, made from the schemas of their messages. */
import { z } from 'zod';
import { answerSchema, jsonSchema, VERSION } from '../http/openapi.js';
import { answer, refusal, request, STREAMS } from './messages.js';

type Json = Record<string, unknown>;

const SUBSCRIBE = { method: 'SUBSCRIBE', params: ['btc_usdt@trade', 'btc_usdt@depth'], id: 1 };

export function asyncApi(): Json {
  const streams = Object.entries(STREAMS);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Lockstep: streams',
      version: VERSION,
      description:
        'One connection carries requests, their answers, and the messages of the streams that it is subscribed to. Of a market’s streams `{market}` is its name in lower case. At most 200 streams a connection, frames up to 16 KB (over 64 KB ends the connection), 50 requests a second; the server pings every 20 s and closes after a minute of silence. What is refused leaves the connection as it was. A connection belongs to the first account that it authenticates; another one’s token is `FORBIDDEN` on it. A reader that is too slow gets what it missed when it has caught up; where that is no longer known, the connection is closed with 1013, and 1001 when the server stops.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: {
      socket: {
        address: '/api/v1/ws',
        messages: {
          request: { payload: jsonSchema(request), examples: [{ payload: SUBSCRIBE }] },
          answer: { payload: answerSchema(answer), examples: [{ payload: { result: null, id: 1 } }] },
          refusal: { payload: answerSchema(refusal) },
          ...Object.fromEntries(streams.map(([kind, { name, data }]) => [kind, streamMessage(name, data)])),
        },
        bindings: { ws: { method: 'GET' } },
      },
    },
    operations: {
      ask: {
        action: 'receive',
        summary: 'A client subscribes, authenticates or asks',
        channel: { $ref: '#/channels/socket' },
        messages: [messageRef('request')],
        reply: {
          channel: { $ref: '#/channels/socket' },
          messages: [messageRef('answer'), messageRef('refusal')],
        },
      },
      ...Object.fromEntries(
        streams.map(([kind, { name, tells }]) => [
          kind,
          {
            action: 'send',
            summary: `The stream \`${name}\``,
            description: tells,
            channel: { $ref: '#/channels/socket' },
            messages: [messageRef(kind)],
          },
        ]),
      ),
    },
  };
}

function messageRef(name: string): Json {
  return { $ref: `#/channels/socket/messages/${name}` };
}

function streamMessage(name: string, data: z.ZodType): Json {
  return { title: name, payload: answerSchema(z.strictObject({ stream: z.string(), data })) };
}
