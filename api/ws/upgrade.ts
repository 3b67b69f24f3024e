/** A request that asks to become a WebSocket: it does, or is refused as every other request is. Either has an id and is logged. */
import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import { ApiError } from '../errors.js';
import { type Entrance, writeHead } from '../http/entrance.js';
import type { SocketData } from './session.js';

export const WEBSOCKET_PATH = '/api/v1/ws';

const FULL = new ApiError('SERVER_BUSY', 'there are as many WebSockets as can be: try again later');

export function upgrader(entrance: Entrance, admits: () => boolean) {
  return (response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void => {
    const { id, isNamedByClient } = entrance.name(request);
    const refusal = admits() ? undefined : FULL;
    response.cork(() => {
      if (refusal === undefined) accept(response, request, context, id);
      else refuse(response, refusal, id);
    });
    if (refusal === undefined) entrance.upgraded();
    const [status, code] = [refusal?.status ?? 101, refusal?.code];
    const asked = { method: 'GET', path: WEBSOCKET_PATH, account: undefined, entries: [] };
    entrance.accessLog.note(
      { requestId: id, isNamedByClient, isGone: false, ...asked, status, code, ms: 0 },
      performance.now(),
    );
  };
}

function accept(response: HttpResponse, request: HttpRequest, context: us_socket_context_t, id: string) {
  response.writeStatus('101 Switching Protocols').writeHeader('X-Request-Id', id);
  response.upgrade<SocketData>(
    {},
    request.getHeader('sec-websocket-key'),
    request.getHeader('sec-websocket-protocol'),
    request.getHeader('sec-websocket-extensions'),
    context,
  );
}

function refuse(response: HttpResponse, refusal: ApiError, id: string): void {
  writeHead(response, refusal.status, id);
  response.end(JSON.stringify(refusal.body()), true);
}
