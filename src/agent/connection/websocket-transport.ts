import { WebSocket } from 'ws';
import { FRAME_BYTES_MAX, TIDE_PROTOCOL } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import { tlsFaultOf } from './tls-client.ts';
import {
  type AgentTransport,
  type CollectorAddress,
  retryAfterMs,
  type TransportEnd,
  type TransportEvents,
} from './transport.ts';

const PATH = 'tide/v1/session';
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How much of a refusal's text is kept. */
const REFUSAL_CHARS_MAX = 300;

/** A session over WebSocket: one frame in each message, none compressed by the protocol. */
export function connectWebSocket(
  address: CollectorAddress,
  events: TransportEvents,
): AgentTransport {
  const token = address.token();
  const headers: Record<string, string> = { 'user-agent': address.userAgent };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  const socket = new WebSocket(webSocketUrl(address.url), [TIDE_PROTOCOL], {
    headers,
    ...(address.url.startsWith('https:') ? address.tls?.() : {}),
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    followRedirects: false,
    finishRequest: (request) => {
      if (!address.keepsAlive) request.on('socket', (connection) => connection.unref());
      request.end();
    },
  });
  socket.binaryType = 'nodebuffer';
  let end: TransportEnd | undefined;
  const ended = (reason: string, status = 0, retryMs?: number): void => {
    end ??= { reason, status, retryAfterMs: retryMs };
  };
  socket.on('open', () => events.opened());
  socket.on('message', (data, isBinary) => {
    if (isBinary && data instanceof Uint8Array) events.frames(data);
  });
  socket.on('unexpected-response', (request, response) => {
    const { statusCode = 0, headers: answered } = response;
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text = (text + chunk).slice(0, REFUSAL_CHARS_MAX);
    });
    const refused = (): void => {
      const retryMs = retryAfterMs(answered['retry-after'], Date.now());
      ended(`the collector answered ${statusCode}: ${text.trim()}`, statusCode, retryMs);
      request.destroy();
      socket.terminate();
    };
    response.on('end', refused);
    response.on('error', refused);
  });
  socket.on('error', (error) => ended(reasonOf(error, address.url)));
  socket.on('close', (code, reason) => {
    ended(`the connection was closed (${code}${reason.length > 0 ? `: ${String(reason)}` : ''})`);
    events.closed(end as TransportEnd);
  });
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: () => socket.close(1000),
    abort: () => socket.terminate(),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
  };
}

function webSocketUrl(url: string): string {
  const whole = new URL(PATH, url.endsWith('/') ? url : `${url}/`);
  whole.protocol = whole.protocol === 'https:' ? 'wss:' : 'ws:';
  return whole.href;
}

/** Connection errors of several addresses come as one without a text of its own. */
function reasonOf(error: Error, url: string): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one: unknown) => messageOf(one)).join('; ');
  }
  return tlsFaultOf(error, url);
}
