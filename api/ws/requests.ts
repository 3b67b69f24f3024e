/**
 * What a client may ask on a WebSocket connection: `{"method", "params", "id"}`, one text frame each.
 *
 * Guarantees: whatever the frame holds, it becomes a request or an error that can be answered; nothing throws.
 */
import { z } from 'zod';
import { ApiError } from '../errors.js';
import { METHODS, requestId } from './messages.js';

type Method = (typeof METHODS)[number];

export type RequestId = z.output<typeof requestId>;

export type Request =
  | { method: 'SUBSCRIBE' | 'UNSUBSCRIBE'; params: readonly string[] }
  | { method: 'LIST_SUBSCRIPTIONS' | 'PING' }
  | { method: 'AUTH'; token: string };

/** A request, or what is wrong with it. */
export interface Received {
  id: RequestId;
  request: Request | ApiError;
}

export const MAX_FRAME_BYTES = 16 * 1024;

const ENVELOPE = z.strictObject({
  method: z.string(),
  params: z.unknown().optional(),
  id: requestId.optional(),
});
const STREAM_NAMES = z.array(z.string());
const ONE_TOKEN = z.tuple([z.string()]);

export function parseRequest(frame: ArrayBuffer, isBinary: boolean): Received {
  if (frame.byteLength > MAX_FRAME_BYTES) {
    return {
      id: null,
      request: new ApiError('LIMIT_EXCEEDED', `a frame has at most ${MAX_FRAME_BYTES} bytes`),
    };
  }
  const json = isBinary ? undefined : parseJson(frame);
  if (json === undefined) return { id: null, request: new ApiError('BAD_JSON', 'a frame is JSON text') };
  const id = idOf(json);
  const envelope = ENVELOPE.safeParse(json);
  if (!envelope.success) return { id, request: badField(envelope.error) };
  return { id, request: requestOf(envelope.data.method, envelope.data.params) };
}

function requestOf(method: string, params: unknown): Request | ApiError {
  switch (method as Method) {
    case 'LIST_SUBSCRIPTIONS':
    case 'PING':
      return { method: method as 'LIST_SUBSCRIPTIONS' | 'PING' };
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE': {
      const names = STREAM_NAMES.safeParse(params);
      if (!names.success) return new ApiError('BAD_FIELD', 'params: an array of stream names');
      return { method: method as 'SUBSCRIBE' | 'UNSUBSCRIBE', params: names.data };
    }
    case 'AUTH': {
      const token = ONE_TOKEN.safeParse(params);
      if (!token.success) return new ApiError('BAD_FIELD', 'params: an array of one token');
      return { method: 'AUTH', token: token.data[0] };
    }
    default:
      return new ApiError('UNKNOWN_METHOD', `method: one of ${METHODS.join(', ')}`);
  }
}

/** `undefined` is never the value of JSON. */
function parseJson(frame: ArrayBuffer): unknown {
  try {
    return JSON.parse(Buffer.from(frame).toString());
  } catch {
    return undefined;
  }
}

/** Also of a request that is otherwise wrong, so that its sender knows which one. */
function idOf(json: unknown): RequestId {
  const id = requestId.safeParse((json as { id?: unknown } | null)?.id);
  return id.success ? id.data : null;
}

function badField(error: z.ZodError): ApiError {
  const [issue] = error.issues;
  const path = issue?.path.join('.');
  return new ApiError('BAD_FIELD', path ? `${path}: ${issue?.message}` : String(issue?.message));
}
