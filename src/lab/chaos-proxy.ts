import { connect, createServer, type Server, type Socket } from 'node:net';
import { seededRandom } from '../util/index.ts';
import { type Shaping, ShapedPipe } from './shaped-pipe.ts';

/** What a proxy does to all that passes, from now on. */
export interface Faults {
  /** Every piece arrives that much later, in each direction; milliseconds. Default 0. */
  readonly latencyMs: number;
  /** Added to it at random, evenly from 0 to this. Default 0. */
  readonly jitterMs: number;
  /** Probability that a piece read from a socket is lost and its connection reset. Default 0. */
  readonly resetProbability: number;
  /** Bytes a second through each direction, all connections together. Default Infinity. */
  readonly bytesPerSecond: number;
  /**
   * Nothing passes, in either direction, and nobody is told: not even that the other end has
   * closed. What the senders' buffers took is delivered when it ends. Default false.
   */
  readonly isPartitioned: boolean;
}

export interface ChaosProxyOptions {
  readonly targetPort: number;
  /** Default 127.0.0.1. */
  readonly targetHost?: string;
  /** Port of 127.0.0.1 to listen on. Default 0: a free one. */
  readonly port?: number;
  readonly seed: number;
  /** Shared with other proxies, which together have its bandwidth. Default: one of its own. */
  readonly link?: ChaosLink;
  readonly faults?: Partial<Faults>;
}

/** What has happened so far. */
export interface ChaosCounts {
  readonly connections: number;
  /** Connections now open. */
  readonly open: number;
  /** Connections reset, by chance or by `resetAll`. */
  readonly resets: number;
  /** Connections the target did not take. */
  readonly unreached: number;
  /** Of its link. */
  readonly bytesToTarget: number;
  readonly bytesFromTarget: number;
}

const NO_FAULTS: Faults = {
  latencyMs: 0,
  jitterMs: 0,
  resetProbability: 0,
  bytesPerSecond: Infinity,
  isPartitioned: false,
};
const LOOPBACK = '127.0.0.1';

/** The two directions of a link, for several proxies that are to share one. */
export class ChaosLink {
  readonly toTarget = new OneWay();
  readonly fromTarget = new OneWay();
}

/** One direction of the link that all connections share. */
class OneWay {
  passedBytes = 0;
  #bytesPerSecond = Infinity;
  #freeAtMs = 0;

  /** What waits for the link must ask anew when it may depart. */
  setRate(bytesPerSecond: number): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#bytesPerSecond = bytesPerSecond;
    this.#freeAtMs = 0;
  }

  departMs(sizeBytes: number): number {
    const now = performance.now();
    if (!Number.isFinite(this.#bytesPerSecond)) return now;
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (sizeBytes / this.#bytesPerSecond) * 1000;
    return this.#freeAtMs;
  }
}

interface Passage {
  readonly sockets: readonly Socket[];
  readonly pipes: readonly ShapedPipe[];
}

/**
 * A TCP proxy on 127.0.0.1 that does to connections what networks do: delays, loses, slows, parts.
 * The same seed draws the same numbers; which piece they fall on depends on timing.
 */
export class ChaosProxy {
  readonly #options: ChaosProxyOptions;
  readonly #random: () => number;
  readonly #passages = new Set<Passage>();
  readonly #link: ChaosLink;
  #server: Server | undefined;
  #port = 0;
  #faults: Faults;
  #connections = 0;
  #resets = 0;
  #unreached = 0;

  private constructor(options: ChaosProxyOptions) {
    this.#options = options;
    this.#link = options.link ?? new ChaosLink();
    this.#random = seededRandom(options.seed);
    this.#faults = { ...NO_FAULTS, ...options.faults };
    this.#setRate();
  }

  /** Listens. @throws Error where the port is taken */
  static async start(options: ChaosProxyOptions): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(options);
    await proxy.#listen(options.port ?? 0);
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get faults(): Faults {
    return this.#faults;
  }

  get counts(): ChaosCounts {
    return {
      connections: this.#connections,
      open: this.#passages.size,
      resets: this.#resets,
      unreached: this.#unreached,
      bytesToTarget: this.#link.toTarget.passedBytes,
      bytesFromTarget: this.#link.fromTarget.passedBytes,
    };
  }

  /** Changes some of the faults; the others stay. What waits for a link goes at its new pace. */
  set(faults: Partial<Faults>): void {
    const { bytesPerSecond } = this.#faults;
    this.#faults = { ...this.#faults, ...faults };
    if (this.#faults.bytesPerSecond !== bytesPerSecond) {
      this.#setRate();
      for (const { pipes } of this.#passages) for (const pipe of pipes) pipe.reschedule();
    }
    for (const { pipes } of this.#passages) for (const pipe of pipes) pipe.pump();
  }

  /** No faults any more. */
  heal(): void {
    this.set(NO_FAULTS);
  }

  /** Resets every open connection, towards both ends. */
  resetAll(): void {
    for (const passage of [...this.#passages]) this.#reset(passage);
  }

  /** New connections are refused, as where nothing listens; those open stay. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    // The server counts as closed only without connections; the port is free at once.
    server.close();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Takes connections again, on the same port. @throws Error where it was taken meanwhile */
  async accept(): Promise<void> {
    if (this.#server === undefined) await this.#listen(this.#port);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.refuse();
    for (const passage of [...this.#passages]) {
      for (const socket of passage.sockets) socket.destroy();
      this.#forget(passage);
    }
  }

  #setRate(): void {
    const { bytesPerSecond } = this.#faults;
    this.#link.toTarget.setRate(bytesPerSecond);
    this.#link.fromTarget.setRate(bytesPerSecond);
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#pass(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, resolve);
    });
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    this.#server = server;
  }

  #pass(incoming: Socket): void {
    this.#connections++;
    const { targetPort: port, targetHost: host = LOOPBACK } = this.#options;
    const outgoing = connect({ port, host, allowHalfOpen: true, noDelay: true });
    const { toTarget, fromTarget } = this.#link;
    const passage: Passage = {
      sockets: [incoming, outgoing],
      pipes: [
        new ShapedPipe(
          incoming,
          outgoing,
          this.#shaping(toTarget, () => this.#reset(passage)),
        ),
        new ShapedPipe(
          outgoing,
          incoming,
          this.#shaping(fromTarget, () => this.#reset(passage)),
        ),
      ],
    };
    this.#passages.add(passage);
    let isConnected = false;
    outgoing.once('connect', () => (isConnected = true));
    outgoing.on('error', () => {
      if (!isConnected) this.#unreached++;
      this.#broken(passage);
    });
    incoming.on('error', () => this.#broken(passage));
    const closed = (): void => {
      if (incoming.closed && outgoing.closed) this.#forget(passage);
    };
    incoming.once('close', closed);
    outgoing.once('close', closed);
  }

  #shaping(link: OneWay, lost: () => void): Shaping {
    return {
      delayMs: () => this.#faults.latencyMs + this.#random() * this.#faults.jitterMs,
      departMs: (sizeBytes) => link.departMs(sizeBytes),
      loses: () => this.#random() < this.#faults.resetProbability,
      isHeld: () => this.#faults.isPartitioned,
      passed: (sizeBytes) => void (link.passedBytes += sizeBytes),
      lost,
    };
  }

  /** One end broke the connection: so does the proxy with the other. */
  #broken(passage: Passage): void {
    for (const socket of passage.sockets) breakOff(socket);
    this.#forget(passage);
  }

  #reset(passage: Passage): void {
    if (!this.#passages.has(passage)) return;
    this.#resets++;
    this.#broken(passage);
  }

  #forget(passage: Passage): void {
    for (const pipe of passage.pipes) pipe.close();
    this.#passages.delete(passage);
  }
}

/**
 * Resets a connection. Where something still waits to be written, it is closed instead: node would
 * first wait until the other end has read that, and a reset while it says goodbye fails (libuv) and
 * leaves the handle open for ever.
 */
function breakOff(socket: Socket): void {
  const isBusy = socket.connecting || socket.writableEnded || socket.writableLength > 0;
  if (isBusy) socket.destroy();
  else socket.resetAndDestroy();
}
