/**
 * The streams over WebSocket, at `/api/v1/ws` (API.md).
 *
 * Guarantees: a message is written as text once, however many read it. What waits for a slow reader is bounded: from
 * `SLOW_BYTES` on its streams are taken from it until it has caught up (session.ts); who exceeds `MAX_BACKPRESSURE`
 * before that is noticed has lost a message, and is closed.
 *
 * Why we look at the readers' pace ourselves: uWebSockets.js tells of the first message only that it drops of a batch,
 * and lets the rest of the batch go in silence, so that nobody could say what is to be sent again.
 */
import type { TemplatedApp, WebSocket } from 'uWebSockets.js';
import type { Catalog } from '../catalog.js';
import { noRefusals, type RefusalCounts } from '../errors.js';
import type { Entrance } from '../http/entrance.js';
import type { LiveMarketListener } from '../live-market.js';
import type { MarketData } from '../market-data.js';
import type { ReportLog } from '../report-log.js';
import type { Tokens } from '../tokens.js';
import { Beat, type BeatParts } from './beat.js';
import { Session, type SessionParts, type SocketData, TRY_AGAIN_LATER } from './session.js';
import { depthUpdateMessage, forgetSnapshot, Streams, streamName, tradeMessage } from './streams.js';
import { upgrader, WEBSOCKET_PATH } from './upgrade.js';
import { USER_STREAM, UserStream, userMessage, userTopic } from './user-streams.js';

/** A larger frame ends the connection without a word; requests.ts refuses frames that are merely too large. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 10_000;
/** Far above what is published to one reader between two checks of its pace. */
const MAX_BACKPRESSURE = 16 << 20;
const PACE_CHECK_INTERVAL_MS = 200;
const PING_INTERVAL_MS = 20_000;
/** Without a frame from the client, its pongs included. */
const SILENCE_LIMIT_S = 60;
const GOING_AWAY = 1001;

export interface GatewayParts {
  entrance: Entrance;
  engine: BeatParts['engine'];
  marketData: MarketData;
  catalog: Catalog;
  reports: ReportLog;
  tokens: Tokens;
}

export interface Gateway {
  close(): void;
  traffic(): GatewayTraffic;
}

export interface GatewayTraffic {
  sockets: number;
  subscriptions: number;
  /** Since the start: closed for being too slow, or as one too many. */
  drops: number;
  refusals: RefusalCounts;
}

type Sockets = ReadonlyMap<WebSocket<SocketData>, Session>;

export function attachGateway(app: TemplatedApp, parts: GatewayParts): Gateway {
  const { entrance, engine, marketData, catalog, reports, tokens } = parts;
  const sockets = new Map<WebSocket<SocketData>, Session>();
  const refusals = noRefusals();
  let drops = 0;
  const streams = new Streams(marketData);
  const beat = new Beat({
    engine,
    klines: () => streams.klines(),
    markets: () => marketData.markets(),
    isRead: topic => app.numSubscribers(topic) > 0,
    publish: (topic, messages) => publish(app, topic, () => messages),
  });
  marketData.listen(publisher(app, streams, sockets));
  reports.listen({
    reported: report => publish(app, userTopic(report.account), () => [userMessage(report, catalog)]),
    missed: () => dropReaders(sockets, USER_STREAM),
  });
  const sessionParts: SessionParts = {
    streams,
    authenticate: token => tokens.verify(`Bearer ${token}`).userId,
    userStream: account => new UserStream(account, reports, catalog),
    refused: code => refusals[code]++,
  };
  /** Whether there is room for one more; where there is not, it is a drop. */
  const admits = () => {
    if (sockets.size < MAX_CONNECTIONS) return true;
    drops++;
    refusals.SERVER_BUSY++;
    return false;
  };
  beat.start();
  app.ws<SocketData>(WEBSOCKET_PATH, {
    maxPayloadLength: MAX_PAYLOAD_BYTES,
    maxBackpressure: MAX_BACKPRESSURE,
    closeOnBackpressureLimit: false,
    idleTimeout: SILENCE_LIMIT_S,
    sendPingsAutomatically: false,
    upgrade: upgrader(entrance, admits),
    open: ws => {
      const session = new Session(ws, sessionParts);
      ws.getUserData().session = session;
      sockets.set(ws, session);
    },
    message: (ws, frame, isBinary) => ws.getUserData().session?.receive(frame, isBinary),
    drain: ws => ws.getUserData().session?.serve(),
    // Not at once: messages are being published, and the library must not lose a reader meanwhile.
    dropped: ws => {
      setImmediate(() => {
        if (!sockets.has(ws)) return;
        drops++;
        ws.close();
      });
    },
    close: (ws, code) => {
      if (code === TRY_AGAIN_LATER) drops++;
      sockets.delete(ws);
    },
  });
  const paceTimer = setInterval(() => {
    for (const session of sockets.values()) {
      session.checkPace();
      session.serve();
    }
  }, PACE_CHECK_INTERVAL_MS);
  const pingTimer = setInterval(() => {
    for (const ws of sockets.keys()) ws.ping();
  }, PING_INTERVAL_MS);
  return {
    traffic: () => ({
      sockets: sockets.size,
      subscriptions: [...sockets.values()].reduce((sum, session) => sum + session.streams, 0),
      drops,
      refusals,
    }),
    close: () => {
      beat.stop();
      clearInterval(paceTimer);
      clearInterval(pingTimer);
      for (const ws of sockets.keys()) ws.end(GOING_AWAY, 'the server stops');
    },
  };
}

function dropReaders(sockets: Sockets, name: string): void {
  for (const session of sockets.values()) session.dropReaderOf(name);
}

/** Publishes what happens in the markets; what nobody reads is not written. */
function publisher(app: TemplatedApp, streams: Streams, sockets: Sockets): LiveMarketListener {
  const serveAll = () => {
    for (const session of sockets.values()) session.serve();
  };
  return {
    depthRefilled: market => {
      forgetSnapshot(market);
      streams.bookTicker(market).hasChanged();
      for (const kind of ['depth', 'bookTicker'] as const) {
        for (const session of sockets.values()) session.restart(streamName(market, kind));
      }
      // Whoever waits for a ticker, which tells of the depth.
      serveAll();
    },
    depthChanged: (market, update, time) => {
      publish(app, streamName(market, 'depth'), () => [depthUpdateMessage(market, update, time)]);
      const bookTicker = streams.bookTicker(market);
      if (bookTicker.hasChanged()) publish(app, bookTicker.name, () => [bookTicker.message()]);
    },
    candlesLoaded: serveAll,
    traded: (market, trades, time) =>
      publish(app, streamName(market, 'trade'), () => trades.map(trade => tradeMessage(market, trade, time))),
    tradesMissed: market => dropReaders(sockets, streamName(market, 'trade')),
  };
}

function publish(app: TemplatedApp, topic: string, messages: () => readonly string[]): void {
  if (app.numSubscribers(topic) === 0) return;
  for (const message of messages()) app.publish(topic, message);
}
