import { WebSocket } from 'ws';
import { FRAME_BYTES_MAX, TIDE_PROTOCOL } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import { tlsFaultOf } from './tls-client.ts';
import {
  type AgentTransport,
  type CollectorAddress,
  REFUSAL_CHARS_MAX,
  refusalText,
  requestHeaders,
  retryAfterMs,
  type TransportEnd,
  type TransportEvents,
} from './transport.ts';

const PATH = 'tide/v1/session';
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A session over WebSocket: one frame in each message, none compressed by the protocol. */
export function connectWebSocket(
  address: CollectorAddress,
  events: TransportEvents,
): AgentTransport {
  try {
    return transportOver(openSocket(address), address, events);
  } catch (error) {
    // A token file that is gone, a certificate that is none: it may be right the next time.
    const reason = messageOf(error);
    setImmediate(() => events.closed({ reason, status: 0, retryAfterMs: undefined }));
    return NO_TRANSPORT;
  }
}

const NO_TRANSPORT: AgentTransport = {
  send() {},
  close() {},
  abort() {},
  bufferedBytes: 0,
};

function openSocket(address: CollectorAddress): WebSocket {
  return new WebSocket(webSocketUrl(address.url), [TIDE_PROTOCOL], {
    headers: requestHeaders(address),
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
}

function transportOver(
  socket: WebSocket,
  { url }: CollectorAddress,
  events: TransportEvents,
): AgentTransport {
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
      text += chunk;
      if (text.length > REFUSAL_CHARS_MAX) refused();
    });
    const refused = (): void => {
      const retryMs = retryAfterMs(answered['retry-after'], Date.now());
      const { location } = answered;
      ended(refusalText(url, { status: statusCode, text, location }), statusCode, retryMs);
      request.destroy();
      socket.terminate();
    };
    response.on('end', refused);
    response.on('error', refused);
  });
  socket.on('error', (error) => ended(reasonOf(error, url)));
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
