import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { FRAME_BYTES_MAX, TIDE_PROTOCOL } from '../../../formats/tide/index.ts';
import type { Clock } from '../../../util/index.ts';
import type { AgentConnection, CloseKind } from '../agent-connection.ts';
import { remoteAddress } from '../../push/http.ts';
import type { SessionServer } from '../session-server.ts';
import type { Door } from './door.ts';
import { ConnectionRefusedError } from './refusal.ts';

export const SESSION_PATH = '/tide/v1/session';

/** Bytes that may wait for a peer that does not read: control frames are small. */
const BUFFERED_BYTES_MAX = 1 << 20;
const HELLO_TIMEOUT_MS = 10_000;
/** After a close was asked for, the peer has so long to agree. */
const CLOSE_TIMEOUT_MS = 2_000;
const REASON_BYTES_MAX = 120;

const CLOSE_CODES: Readonly<Record<CloseKind, number>> = {
  LEFT: 1000,
  LEAVING: 1001,
  PROTOCOL: 1002,
  REFUSED: 1008,
  OVERLOAD: 1013,
  LOST: 1001,
};

/** Sessions over WebSocket. */
export class WebSocketTransport {
  readonly #sessions: SessionServer;
  readonly #door: Door;
  readonly #clock: Clock;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Batches are packed already, and its buffers are many times a small frame.
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handleProtocols: (offered) => (offered.has(TIDE_PROTOCOL) ? TIDE_PROTOCOL : false),
  });

  constructor(sessions: SessionServer, door: Door, clock: Clock) {
    this.#sessions = sessions;
    this.#door = door;
    this.#clock = clock;
  }

  /** @throws ConnectionRefusedError before anything was answered. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',');
    if (!offered.some((name) => name.trim() === TIDE_PROTOCOL)) {
      const seen = JSON.stringify(request.headers['sec-websocket-protocol'] ?? '');
      throw new ConnectionRefusedError(400, `sub-protocols ${seen}, wanted ${TIDE_PROTOCOL}`);
    }
    const principal = this.#door.enter(request);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WebSocketConnection(webSocket, remoteAddress(request), this.#clock);
      const id = this.#sessions.attach(connection, principal);
      connection.listen({
        frames: (bytes) => this.#sessions.receive(id, bytes),
        lost: () => this.#sessions.lost(id),
      });
    });
  }
}

interface Listener {
  frames(bytes: Uint8Array): void;
  lost(): void;
}

class WebSocketConnection implements AgentConnection {
  readonly address: string;
  readonly transport = 'websocket';
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #cancelTimer: () => void;

  constructor(socket: WebSocket, address: string, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.address = address;
    this.#cancelTimer = clock.setTimer(HELLO_TIMEOUT_MS, () => socket.terminate());
  }

  listen(listener: Listener): void {
    const socket = this.#socket;
    socket.on('message', (data, isBinary) => {
      this.#cancelTimer();
      // Text is no frame: as bytes it fails as what it is.
      const bytes = isBinary ? (data as Buffer) : Buffer.from('text');
      listener.frames(bytes);
    });
    socket.on('error', () => {
      // `close` follows and says all there is to say.
    });
    socket.on('close', () => {
      this.#cancelTimer();
      listener.lost();
    });
  }

  send(frame: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return true;
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) return false;
    socket.send(frame);
    return true;
  }

  close(kind: CloseKind, reason: string): void {
    this.#cancelTimer();
    // A paused socket would not hear that the peer has closed.
    this.#socket.resume();
    if (kind === 'LOST') {
      this.#socket.terminate();
      return;
    }
    const text = Buffer.from(reason).subarray(0, REASON_BYTES_MAX).toString().replace(/�+$/, '');
    this.#socket.close(CLOSE_CODES[kind], text);
    this.#cancelTimer = this.#clock.setTimer(CLOSE_TIMEOUT_MS, () => this.#socket.terminate());
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
