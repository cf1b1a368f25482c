import type {
  AgentTransport,
  Connect,
  TransportEvents,
  TransportKind,
} from '../../src/agent/connection/transport.ts';
import type {
  AgentMessage,
  BatchHead,
  ControlMessage,
  SchemaSeries,
  Welcome,
} from '../../src/formats/tide/index.ts';
import {
  BatchColumns,
  BatchDecoder,
  decodeControl,
  decodeFrame,
  decodeRangeData,
  decodeSchema,
  encodeControl,
  isControl,
  type Sealed,
  sealedOf,
} from '../../src/formats/tide/index.ts';
import type { FloatHistogram } from '../../src/model/index.ts';

const decoder = new BatchDecoder();

/** One sample as it came, the series by its labels. */
export interface ReceivedSample {
  readonly series: string;
  readonly time: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

export interface ReceivedBatch {
  readonly sealed: Sealed;
  readonly head: BatchHead;
  readonly samples: readonly ReceivedSample[];
  readonly isRepair: boolean;
}

/** A collector's end in memory that does what a test tells it, and keeps what it was sent. */
export class ScriptedCollector {
  readonly kinds: TransportKind[] = [];
  readonly messages: AgentMessage[] = [];
  readonly batches: ReceivedBatch[] = [];
  readonly series = new Map<string, SchemaSeries>();
  /** Whether connections are taken. */
  isReachable = true;
  /** Whether HELLO is answered. */
  welcomes = true;
  welcome: Partial<Welcome> = {};
  #events: TransportEvents | undefined;
  #schemaVersion = 0;
  /** Numbers that came, by stream. */
  readonly #received: [number[], number[]] = [[], []];
  #epoch = 0;
  readonly #closed = new WeakSet<TransportEvents>();

  readonly connect: Connect = (kind, events) => {
    this.kinds.push(kind);
    if (this.isReachable) {
      this.#events = events;
      queueMicrotask(() => events.opened());
    } else {
      queueMicrotask(() => this.#close(events, 'refused'));
    }
    const transport: AgentTransport = {
      send: (bytes) => {
        if (this.#events === events) this.take(bytes);
      },
      close: () => queueMicrotask(() => this.#close(events, 'closed')),
      abort: () => queueMicrotask(() => this.#close(events, 'aborted')),
      bufferedBytes: 0,
    };
    return transport;
  };

  get isConnected(): boolean {
    return this.#events !== undefined;
  }

  /** The messages of one type, in order. */
  all<T extends AgentMessage['type']>(type: T): Extract<AgentMessage, { type: T }>[] {
    return this.messages.filter(
      (one): one is Extract<AgentMessage, { type: T }> => one.type === type,
    );
  }

  /** Samples of all batches, in order of arrival. */
  get samples(): ReceivedSample[] {
    return this.batches.flatMap(({ samples }) => samples);
  }

  send(message: ControlMessage): void {
    this.#events?.frames(encodeControl(message, this.#epoch));
  }

  /** Says that all it has is safe. */
  acknowledge(): void {
    const streams = ([0, 1] as const).map((stream) => {
      const last = Math.max(0, ...this.#received[stream]);
      return { stream, cumReceived: last, cumDurable: last, sack: [], missing: [] };
    });
    const rest = { credit: [], queueDelayMs: 0, serverTimeMs: 0, echoMs: 0, rejections: [] };
    this.send({ type: 'ACK', streams, ...rest });
  }

  /** The connection is gone. */
  drop(): void {
    const events = this.#events;
    if (events !== undefined) this.#close(events, 'dropped');
  }

  take(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    this.#epoch = frame.epoch;
    if (isControl(frame)) this.#control(decodeControl(frame) as AgentMessage);
    else if (frame.type === 'RANGE_DATA') this.#sealed(decodeRangeData(frame).sealed, true);
    else this.#sealed(sealedOf(frame), false);
  }

  /** Samples of a body in an answer to READ. */
  read(body: Uint8Array): ReceivedSample[] {
    const columns = new BatchColumns(16);
    decoder.decodeBody(body, columns);
    return this.#samples(columns, this.#epoch);
  }

  #control(message: AgentMessage): void {
    this.messages.push(message);
    if (message.type !== 'HELLO' || !this.welcomes) return;
    this.send({
      type: 'WELCOME',
      sessionId: 's',
      serverTimeMs: message.clockMs,
      heartbeatMs: 5000,
      reconnectSpreadMs: 1000,
      codecs: [0, 1],
      streams: [],
      credit: [0, 1, 2, 4].map((lane) => ({ lane: lane as 0 | 1 | 2 | 4, offsetBytes: 1e9 })),
      schemaVersion: this.#schemaVersion,
      policy: undefined,
      redirect: undefined,
      capabilities: [],
      ...this.welcome,
    });
  }

  #sealed(sealed: Sealed, isRepair: boolean): void {
    this.#received[sealed.stream].push(sealed.seq);
    if (sealed.type === 'SCHEMA') {
      const { version, series } = decodeSchema(sealed.payload, sealed.codec);
      this.#schemaVersion = Math.max(this.#schemaVersion, version);
      for (const one of series) this.series.set(`${sealed.epoch}/${one.id}`, one);
      return;
    }
    const columns = new BatchColumns(16);
    const head = decoder.decode(sealed.payload, sealed.codec, columns);
    const samples = this.#samples(columns, sealed.epoch);
    this.batches.push({ sealed, head, samples, isRepair });
  }

  #samples(columns: BatchColumns, epoch: number): ReceivedSample[] {
    return Array.from({ length: columns.length }, (_, index) => {
      const id = columns.seriesIds[index]!;
      const series = this.series.get(`${epoch}/${id}`);
      return {
        series: series?.labels.toString() ?? `unknown ${id}`,
        time: columns.timestamps[index]!,
        value: columns.values[index]!,
        histogram: columns.histograms?.[index],
      };
    });
  }

  #close(events: TransportEvents, reason: string): void {
    if (this.#closed.has(events)) return;
    this.#closed.add(events);
    if (this.#events === events) this.#events = undefined;
    events.closed({ reason, status: 0, retryAfterMs: undefined });
  }
}
