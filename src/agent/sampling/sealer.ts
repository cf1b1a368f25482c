import type {
  BatchHead,
  CoverageEntry,
  Packed,
  PayloadCodec,
  Sealed,
  Stream,
} from '../../formats/tide/index.ts';
import {
  BatchColumns,
  BatchEncoder,
  encodeSchema,
  LANE_LIVE,
  TideFormatError,
} from '../../formats/tide/index.ts';
import { assert } from '../../model/index.ts';
import type { SampledTick } from './group-sampler.ts';
import type { SeriesTable } from './series-table.ts';

/** Series added by one SCHEMA; halved where their texts do not fit. */
const SCHEMA_ADDITIONS = 2048;

export interface SealerOptions {
  readonly table: SeriesTable;
  readonly part: (id: number) => number;
  readonly policyVersion: () => number;
  readonly codec: () => PayloadCodec;
  /** Numbers the content, keeps it, and sends it. */
  readonly seal: (content: Omit<Sealed, 'epoch' | 'seq'>, times: SealedTimes | undefined) => void;
  /** A native histogram that no frame can carry was left out. */
  readonly onTooLarge?: () => void;
}

/** What a sealed batch spans. Undefined for schemas. */
export interface SealedTimes {
  readonly minTime: number;
  readonly maxTime: number;
  /** When the newest of its ticks was due; 0 where none is timed. */
  readonly tickMs: number;
}

/** Scratch memory; encoding is synchronous, so all agents of a process share one. */
const encoder = new BatchEncoder();

/** Makes sealed batches of sampled ticks, as many as it takes, each one that fits a frame. */
export class Sealer {
  readonly #options: SealerOptions;

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** Says what changed of the schema, before the batches that need it. */
  sealSchema(): void {
    const { table, codec, seal } = this.#options;
    for (let most = SCHEMA_ADDITIONS; table.hasChange; ) {
      const change = table.change(most);
      const packed = packedIfFitting(() => encodeSchema(change, codec()));
      if (packed === undefined) {
        // One series fits, by the bounds of its texts.
        assert(most > 1, 'a series is larger than a frame');
        most = Math.ceil(most / 2);
        continue;
      }
      table.told(change);
      seal({ type: 'SCHEMA', stream: LANE_LIVE, ...packed }, undefined);
    }
  }

  /** Ticks of one group, in order. */
  sealTicks(ticks: readonly SampledTick[], stream: Stream = LANE_LIVE): void {
    if (ticks.length === 0) return;
    this.sealSchema();
    const parts = Math.max(...ticks.map(({ entries }) => entries.length));
    for (let part = 0; part < parts; part++) this.#sealPart(ticks, part, stream);
  }

  /** Samples that no coverage speaks of. */
  sealSamples(columns: BatchColumns, stream: Stream = LANE_LIVE): void {
    this.sealSchema();
    if (columns.length > 0) this.#sealSamples(columns, stream);
  }

  #sealPart(ticks: readonly SampledTick[], part: number, stream: Stream): void {
    const having = ticks.filter(({ entries }) => entries[part] !== undefined);
    if (having.length === 0) return;
    const columns = this.#merge(having, part);
    const coverage = mergeEntries(having.map(({ entries }) => entries[part]!));
    if (this.#seal(coverage, columns, stream, spanOf(having))) return;
    const [only, ...others] = having;
    if (others.length > 0) {
      const half = having.length >>> 1;
      this.#sealPart(having.slice(0, half), part, stream);
      this.#sealPart(having.slice(half), part, stream);
    } else if (only !== undefined) {
      // More samples than ticks can have: they bring their own times, thousands of them. They go
      // without coverage, which says of the tick that it was more than the limits allow.
      const shed = coverage.map(shedOf);
      this.#seal(shed, new BatchColumns(1), stream, spanOf(having));
      this.#sealSamples(columns, stream);
    }
  }

  #sealSamples(columns: BatchColumns, stream: Stream): void {
    let minTime = Infinity;
    let maxTime = -Infinity;
    for (let index = 0; index < columns.length; index++) {
      minTime = Math.min(minTime, columns.timestamps[index]!);
      maxTime = Math.max(maxTime, columns.timestamps[index]!);
    }
    if (this.#seal([], columns, stream, { minTime, maxTime, tickMs: 0 })) return;
    if (columns.length === 1) {
      this.#options.onTooLarge?.();
      return;
    }
    const half = columns.length >>> 1;
    for (const [from, to] of [
      [0, half],
      [half, columns.length],
    ] as const) {
      const piece = new BatchColumns(Math.max(1, to - from));
      for (let index = from; index < to; index++) piece.pushFrom(columns, index);
      this.#sealSamples(piece, stream);
    }
  }

  /** False where it does not fit. */
  #seal(
    coverage: readonly CoverageEntry[],
    columns: BatchColumns,
    stream: Stream,
    times: SealedTimes,
  ): boolean {
    const { table, policyVersion, codec, seal } = this.#options;
    const head: BatchHead = {
      schemaVersion: table.version,
      policyVersion: policyVersion(),
      coverage,
    };
    const packed = packedIfFitting(() => encoder.encode(head, columns, codec()));
    if (packed === undefined) return false;
    seal({ type: 'BATCH', stream, ...packed }, times);
    return true;
  }

  #merge(ticks: readonly SampledTick[], part: number): BatchColumns {
    const [first] = ticks;
    const isWhole = ticks.every(({ entries }) => entries.length === 1);
    if (ticks.length === 1 && isWhole && first !== undefined) return first.columns;
    const merged = new BatchColumns(256);
    for (const { columns } of ticks) {
      for (let index = 0; index < columns.length; index++) {
        if (isWhole || this.#options.part(columns.seriesIds[index]!) === part) {
          merged.pushFrom(columns, index);
        }
      }
    }
    merged.sortBySeries();
    return merged;
  }
}

/** Undefined where it is too large for a frame. */
function packedIfFitting(pack: () => Packed): Packed | undefined {
  try {
    const { payload, codec } = pack();
    return { payload, codec };
  } catch (error) {
    if (error instanceof TideFormatError && error.code === 'tide_too_large') return undefined;
    throw error;
  }
}

/** Neighbours that say the same of their ticks become one entry. */
function mergeEntries(entries: readonly CoverageEntry[]): CoverageEntry[] {
  const merged: CoverageEntry[] = [];
  for (const entry of entries) {
    const last = merged.at(-1);
    const isLike =
      last !== undefined &&
      last.status === 'FULL' &&
      entry.status === 'FULL' &&
      last.tickTo + 1 === entry.tickFrom &&
      last.seriesCount === entry.seriesCount &&
      last.parts === entry.parts;
    if (!isLike) merged.push(entry);
    else {
      const presentCount = last.presentCount + entry.presentCount;
      merged[merged.length - 1] = { ...last, tickTo: entry.tickTo, presentCount };
    }
  }
  return merged;
}

function shedOf(entry: CoverageEntry): CoverageEntry {
  const ticks = entry.tickTo - entry.tickFrom + 1;
  return {
    ...entry,
    status: 'SKIPPED',
    reason: 'LIMIT',
    toleranceId: 0,
    presentCount: 0,
    suppressedCount: 0,
    failedCount: 0,
    shedCount: entry.seriesCount * ticks,
  };
}

function spanOf(ticks: readonly SampledTick[]): SealedTimes {
  return {
    minTime: Math.min(...ticks.map(({ minTime }) => minTime)),
    maxTime: Math.max(...ticks.map(({ maxTime }) => maxTime)),
    tickMs: Math.max(...ticks.map(({ tickMs }) => tickMs ?? 0)),
  };
}
