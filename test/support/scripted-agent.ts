import type {
  AgentMessage,
  Bye,
  CollectorMessage,
  GroupPolicy,
  Heartbeat,
  Hello,
  PayloadCodec,
  RangeData,
  Sealed,
  SchemaChange,
  SchemaSeries,
  StreamExtent,
} from '../../src/formats/tide/index.ts';
import {
  BatchColumns,
  BatchEncoder,
  CODEC_DEFLATE,
  CODEC_NONE,
  decodeControl,
  decodeFrame,
  encodeControl,
  encodeRangeData,
  encodeSchema,
  encodeSealed,
  schemaHash,
} from '../../src/formats/tide/index.ts';
import { CUSTOM_BUCKETS_SCHEMA, type FloatHistogram, Labels } from '../../src/model/index.ts';

export const GROUP = 1;
export const INTERVAL_MS = 1000;
const NO_HASH = { low: 0, high: 0 };

const GROUP_POLICY: GroupPolicy = {
  ...{ group: GROUP, name: 'host', selector: '', intervalMs: INTERVAL_MS, anchorMs: 0 },
  ...{ mode: 'SAMPLE', toleranceId: 0, priority: 'B', batchTicks: 1, syncTicks: 0, dampeningMs: 0 },
};

export interface ScriptedAgentOptions {
  readonly agentId: string;
  readonly epoch: number;
  readonly nonce?: number;
  readonly seriesCount?: number;
  /** Series from this one on are of native histograms; default none. */
  readonly histogramsFrom?: number;
  /** Labels of its own beside the metric's name. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * An agent that does what a test says, frame by frame: seals batches of series whose values encode
 * series and tick, keeps them, and can say anything of what it keeps.
 */
export class ScriptedAgent {
  readonly agentId: string;
  readonly epoch: number;
  readonly nonce: number;
  readonly seriesCount: number;
  readonly histogramsFrom: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly sealed: Sealed[] = [];
  lastTick = 0;
  readonly #encoder = new BatchEncoder();

  constructor(options: ScriptedAgentOptions) {
    this.agentId = options.agentId;
    this.epoch = options.epoch;
    this.nonce = options.nonce ?? 7;
    this.seriesCount = options.seriesCount ?? 3;
    this.histogramsFrom = options.histogramsFrom ?? Infinity;
    this.labels = options.labels ?? {};
  }

  get extents(): StreamExtent[] {
    return [
      { stream: 0, firstRetained: 1, lastSeq: 0 },
      { stream: 1, firstRetained: 1, lastSeq: this.sealed.length },
    ];
  }

  hello(changes: Partial<Hello> = {}): Uint8Array {
    return this.control({
      ...{ type: 'HELLO', agentId: this.agentId, nonce: this.nonce, agentVersion: '1.0.0' },
      ...{ bootReason: 'START', clockMs: this.epoch, codecs: [0, 1], capabilities: [] },
      ...{ streams: this.extents, previous: [], ticks: [], schemaVersion: 0, schemaHash: NO_HASH },
      ...{ policyVersion: 0, groups: [GROUP_POLICY], ...changes },
    });
  }

  series(): SchemaSeries[] {
    return Array.from({ length: this.seriesCount }, (_, id) => ({
      id,
      labels: Labels.fromObject({ __name__: `metric_${id}`, ...this.labels }),
      ...{ family: `metric_${id}`, unit: '', help: `Number ${id}.` },
      type: id < this.histogramsFrom ? 'gauge' : 'histogram',
      ...{ group: GROUP, priority: 'B' },
    }));
  }

  /** Seals the schema of all series. */
  schema(version = 1): Uint8Array {
    const series = this.series();
    const change = { version, series, tombstones: [], hash: schemaHash(series) };
    return this.#seal('SCHEMA', encodeSchema(change, CODEC_DEFLATE));
  }

  /** Seals the end of some series. */
  ends(version: number, tombstones: readonly number[]): Uint8Array {
    const change = { version, series: [], tombstones, hash: NO_HASH };
    return this.#seal('SCHEMA', encodeSchema(change, CODEC_DEFLATE));
  }

  /** Seals a change of the schema. */
  change(change: SchemaChange): Uint8Array {
    return this.#seal('SCHEMA', encodeSchema(change, CODEC_DEFLATE));
  }

  /** Seals one tick of all series, or of the first `seriesCount` of them as if they were all. */
  batch(tick: number, schemaVersion = 1, seriesCount = this.seriesCount): Uint8Array {
    this.lastTick = tick;
    return this.#seal('BATCH', this.#encode(tick, schemaVersion, CODEC_DEFLATE, seriesCount));
  }

  /** Seals a tick of which nothing could be read, or sent. */
  partial(tick: number, counts: { failedCount: number; shedCount: number }): Uint8Array {
    this.lastTick = tick;
    const seriesCount = counts.failedCount + counts.shedCount;
    const coverage = {
      ...{ group: GROUP, tickFrom: tick, tickTo: tick, status: 'PARTIAL' as const, toleranceId: 0 },
      ...{ reason: 'TARGET_FAILED' as const, part: 0, parts: 1, seriesCount, presentCount: 0 },
      ...{ suppressedCount: 0, ...counts },
    };
    const head = { schemaVersion: 1, policyVersion: 0, coverage: [coverage] };
    return this.#seal('BATCH', this.#encoder.encode(head, new BatchColumns(), CODEC_DEFLATE));
  }

  /** One tick of all series as an answer to READ holds it. */
  body(tick: number): Uint8Array {
    return this.#encode(tick, 1, CODEC_NONE).payload;
  }

  /** The answer to READ: one tick of all series, and the end. */
  readAnswer(requestId: number, tick: number): [Uint8Array, Uint8Array] {
    const data = this.body(tick);
    return [
      this.control({ type: 'READ_CHUNK', requestId, index: 0, content: 'BATCH', data }),
      this.control({
        ...{ type: 'READ_END', requestId, status: 'OK', message: '', chunkCount: 1 },
        ...{ contentType: '', clockMs: tick * INTERVAL_MS },
      }),
    ];
  }

  /** A sealed frame as an answer to PULL_RANGE. */
  again(seq: number, requestId: number): Uint8Array {
    const sealed = this.sealed[seq - 1];
    if (sealed === undefined) throw new RangeError(`nothing sealed as ${seq}`);
    const message: RangeData = { type: 'RANGE_DATA', requestId, sealed };
    return encodeRangeData(message, this.epoch);
  }

  heartbeat(clockMs: number, changes: Partial<Heartbeat> = {}): Uint8Array {
    return this.control({
      ...{ type: 'HEARTBEAT', clockMs, streams: this.extents, previous: [] },
      ticks: [{ group: GROUP, tick: this.lastTick }],
      ring: { usedBytes: 0, limitBytes: 1, oldestMs: 0 },
      counters: { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 },
      ...{ cpuMs: 1, rssBytes: 1, policyVersion: 0, policyHash: NO_HASH },
      ...{ schemaVersion: 1, schemaHash: NO_HASH, leases: [] },
      ...{ serverTimeMs: 0, serverAgeMs: 0, ...changes },
    });
  }

  bye(changes: Partial<Bye> = {}): Uint8Array {
    const ticks = [{ group: GROUP, tick: this.lastTick }];
    return this.control({ type: 'BYE', reason: 'DONE', streams: this.extents, ticks, ...changes });
  }

  control(message: AgentMessage): Uint8Array {
    return encodeControl(message, this.epoch);
  }

  #encode(
    tick: number,
    schemaVersion: number,
    codec: PayloadCodec,
    seriesCount = this.seriesCount,
  ) {
    const columns = new BatchColumns();
    for (let id = 0; id < seriesCount; id++) {
      const time = tick * INTERVAL_MS;
      if (id < this.histogramsFrom) columns.pushValue(id, time, valueOf(id, tick));
      else columns.pushHistogram(id, time, histogramOf(id, tick));
    }
    const coverage = {
      ...{ group: GROUP, tickFrom: tick, tickTo: tick, status: 'FULL' as const, toleranceId: 0 },
      ...{ reason: 'NONE' as const, part: 0, parts: 1, seriesCount, presentCount: seriesCount },
      ...{ suppressedCount: 0, shedCount: 0, failedCount: 0 },
    };
    const head = { schemaVersion, policyVersion: 0, coverage: [coverage] };
    return this.#encoder.encode(head, columns, codec);
  }

  #seal(type: Sealed['type'], packed: Pick<Sealed, 'codec' | 'payload'>): Uint8Array {
    const { codec, payload } = packed;
    const seq = this.sealed.length + 1;
    const sealed: Sealed = { type, codec, payload, epoch: this.epoch, stream: 1, seq };
    this.sealed.push(sealed);
    return encodeSealed(sealed);
  }
}

/** The value of a series at a tick: tells both. */
export function valueOf(series: number, tick: number): number {
  return tick * 1000 + series;
}

/** The native histogram of a series at a tick: tells both, and is of custom buckets where odd. */
export function histogramOf(series: number, tick: number): FloatHistogram {
  const isCustom = series % 2 === 1;
  return {
    ...{ counterReset: 'unknown', schema: isCustom ? CUSTOM_BUCKETS_SCHEMA : 3, zeroThreshold: 0 },
    ...{ zeroCount: 0, count: tick + 2, sum: valueOf(series, tick) },
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: [2, tick],
    ...{ negativeSpans: [], negativeBuckets: [], customValues: isCustom ? [0.5, 1] : [] },
  };
}

/** Reads what a collector sent, frame by frame. */
export function collectorMessages(bytes: Uint8Array): CollectorMessage[] {
  const messages: CollectorMessage[] = [];
  for (let start = 0; start < bytes.length; ) {
    const frame = decodeFrame(bytes, start);
    messages.push(decodeControl(frame) as CollectorMessage);
    start = frame.end;
  }
  return messages;
}
