import type { BodyColumns, LogSamples, SeriesRun } from '../../kernel/index.ts';
import { KernelMemoryError } from '../../kernel/index.ts';
import type { SampleBatch } from '../api.ts';
import { SampleBatch as Batch } from '../api.ts';
import type { Commit, CommitBounds } from '../head/commit.ts';
import type { ByteReader } from './byte-reader.ts';
import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type CommitRest, decodeRest, encodeRest, NO_REST } from './commit-rest.ts';
import { RecordKind } from './records.ts';
import { DISTANCE_MOST, SampleBytes, unzigzag, zigzag } from './samples-bytes.ts';
import { decodeRefs, encodeRefs } from './samples-refs.ts';
import { SampleState } from './samples-state.ts';
import { decodeSampleTimes, encodeSampleTimes } from './samples-times.ts';
import { ValueDecoder, ValueEncoder } from './samples-values.ts';
import { decodeNewSeries, encodeNewSeries } from './series-codec.ts';

/** Bits of the second byte of a record. */
const Flag = {
  /** The state begins afresh with this record; otherwise the link to the one before follows. */
  RESTART: 1,
  SERIES: 2,
  /** Histograms, exemplars, metadata, keyed state. */
  REST: 4,
  SAMPLES: 8,
  /** The bounds as they are; otherwise how far the greatest time has moved. */
  BOUNDS: 16,
  /** The least time has moved with the greatest; otherwise it has stayed. */
  BOTH_MOVED: 32,
} as const;
const FLAGS = 63;

/** A stretch of records that depend on each other ends when it has this size … */
const STRETCH_BYTES = 4 * 1024 * 1024;
/** … and that many samples of each series: the first ones cost the most. */
const STRETCH_SAMPLES = 8;

/**
 * Writes commits to the log. Samples are told by what the records before them have said, so records
 * must reach the disk in the order in which they were encoded, one segment being one encoder's:
 * `restart` where a record was not written, or is going to another segment.
 */
export class CommitEncoder {
  readonly #state = new SampleState();
  readonly #values = new ValueEncoder();
  readonly #stretchBytesLeast: number;
  #isFresh = true;
  #isOpen = false;
  #link = 0;
  #stretchBytes = 0;
  #stretchSamples = 0;

  /** `stretchBytes` is the least size of records that depend on each other. */
  constructor(stretchBytes = STRETCH_BYTES) {
    this.#stretchBytesLeast = stretchBytes;
  }

  /** The next record depends on none. */
  restart(): void {
    this.#isFresh = true;
    this.#isOpen = false;
  }

  /** Writes the body of a record; `sealed` follows when it has its checksum. */
  encode(writer: ByteWriter, commit: Commit): void {
    const start = writer.length;
    const { samples, series, bounds } = commit;
    const hasSamples = samples.length > 0;
    if (hasSamples) this.#begin();
    const hasRest = commit.histograms.length + commit.exemplars.length > 0 || hasValues(commit);
    const isRestart = hasSamples && this.#isFresh;
    writer.u8(RecordKind.LINKED_COMMIT);
    writer.u8(
      (hasSamples ? Flag.SAMPLES : 0) |
        (isRestart ? Flag.RESTART : 0) |
        (series.length > 0 ? Flag.SERIES : 0) |
        (hasRest ? Flag.REST : 0) |
        (hasSamples ? boundsFlags(this.#state, bounds) : Flag.BOUNDS),
    );
    if (hasSamples && !isRestart) writer.u32(this.#link);
    if (commit.seriesBytes !== undefined) writer.bytes(commit.seriesBytes);
    else if (series.length > 0) encodeNewSeries(writer, series);
    this.#writeBounds(writer, bounds, hasSamples);
    if (hasRest) encodeRest(writer, commit);
    if (!hasSamples) return;
    this.#isFresh = false;
    this.#isOpen = true;
    writer.varint(samples.length);
    encodeSampleTimes(writer, this.#state, samples.timestamps, samples.length);
    encodeRefs(writer, this.#state, samples.refs, samples.length);
    this.#values.encode(writer, this.#state, samples);
    this.#stretchBytes += writer.length - start;
    this.#stretchSamples += samples.length;
  }

  /** The record that was encoded last has this checksum. */
  sealed(checksum: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#link = checksum;
  }

  #begin(): void {
    const { seriesCount } = this.#state;
    const isLong = this.#stretchSamples >= STRETCH_SAMPLES * seriesCount;
    if (isLong && this.#stretchBytes >= this.#stretchBytesLeast) this.restart();
    if (!this.#isFresh) return;
    this.#state.restart();
    this.#stretchBytes = 0;
    this.#stretchSamples = 0;
  }

  #writeBounds(writer: ByteWriter, bounds: CommitBounds, hasSamples: boolean): void {
    if (!hasSamples || (boundsFlags(this.#state, bounds) & Flag.BOUNDS) !== 0) {
      writer.f64(bounds.minTime);
      writer.f64(bounds.maxTime);
      writer.f64(bounds.windowMs);
    } else writer.varint(zigzag(bounds.maxTime - this.#state.maxTime));
    if (hasSamples) keepBounds(this.#state, bounds);
  }
}

/** How bounds are written after those of the record before. */
function boundsFlags(state: SampleState, { minTime, maxTime, windowMs }: CommitBounds): number {
  const moved = maxTime - state.maxTime;
  const isNear = Math.abs(moved) <= DISTANCE_MOST && Number.isInteger(moved);
  if (windowMs !== state.windowMs || !isNear || state.maxTime + moved !== maxTime) {
    return Flag.BOUNDS;
  }
  if (minTime === state.minTime) return 0;
  return state.minTime + moved === minTime ? Flag.BOTH_MOVED : Flag.BOUNDS;
}

function keepBounds(state: SampleState, { minTime, maxTime, windowMs }: CommitBounds): void {
  state.minTime = minTime;
  state.maxTime = maxTime;
  state.windowMs = windowMs;
}

function hasValues({ metadata, state }: CommitRest): boolean {
  return metadata.length + state.length > 0;
}

const NO_SERIES: Pick<Commit, 'series'> = { series: [] };

/** A record cannot be applied because one that it depends on is damaged or missing. */
export class DependentRecordError extends RecordFormatError {
  constructor() {
    super('it depends on a record that is damaged or missing');
  }
}

/** A commit of the log. */
export interface LoggedCommit {
  readonly commit: Commit;
  /**
   * False where a record that this one depends on is damaged or missing: the commit has then its
   * new series, which those of later records may be, and nothing else.
   */
  readonly isWhole: boolean;
}

/** Reads what `CommitEncoder` wrote, in the order of the log. */
export class CommitDecoder {
  readonly #state = new SampleState();
  readonly #values = new ValueDecoder();
  readonly #seriesRun: SeriesRun | undefined;
  readonly #openSamples: (() => LogSamples) | undefined;
  #logSamples: LogSamples | undefined;
  /** Checksum of the record that the state is after; undefined where there is none. */
  #link: number | undefined;

  /**
   * With a run, new series are mostly in that, and no longer when the next record is read. With
   * `openSamples`, called when there are some, the kernel reads samples: those of a commit are
   * views that are good as long as that.
   */
  constructor(
    kernel: { readonly seriesRun?: SeriesRun; readonly openSamples?: () => LogSamples } = {},
  ) {
    this.#seriesRun = kernel.seriesRun;
    this.#openSamples = kernel.openSamples;
  }

  /** A segment begins. */
  restart(): void {
    this.#link = undefined;
  }

  /**
   * Reads a record after its kind, all of it; `checksum` is that of its body. The samples are in
   * `batch` until the next call. @throws RecordFormatError; what depends on the record is not
   * whole then.
   */
  decode(reader: ByteReader, checksum: number, batch: SampleBatch = new Batch(0)): LoggedCommit {
    const flags = reader.u8();
    if (flags > FLAGS) throw new RecordFormatError(`${flags} are no flags of a commit`);
    const hasSamples = (flags & Flag.SAMPLES) !== 0;
    const isRestart = (flags & Flag.RESTART) !== 0;
    const link = hasSamples && !isRestart ? reader.u32() : undefined;
    const series = (flags & Flag.SERIES) !== 0 ? this.#series(reader) : NO_SERIES;
    batch.reset();
    if (link !== undefined && link !== this.#link) {
      const bounds = { minTime: Infinity, maxTime: -Infinity, windowMs: 0 };
      return { commit: { bounds, ...series, samples: batch, ...NO_REST }, isWhole: false };
    }
    if (hasSamples) this.#link = undefined;
    if (isRestart) this.#restart();
    const bounds = this.#bounds(reader, flags);
    const rest = (flags & Flag.REST) !== 0 ? decodeRest(reader) : NO_REST;
    if (!hasSamples) {
      return { commit: { bounds, ...series, samples: batch, ...rest }, isWhole: true };
    }
    keepBounds(this.#state, bounds);
    const samples = this.#readSamples(reader, batch);
    this.#link = checksum;
    return { commit: { bounds, ...series, ...samples, ...rest }, isWhole: true };
  }

  #restart(): void {
    this.#state.restart();
    this.#logSamples ??= this.#openSamples?.();
    this.#logSamples?.restart();
  }

  #series(reader: ByteReader): Pick<Commit, 'series' | 'seriesRun'> {
    const seriesRun = this.#seriesRun;
    const sizeBytes = seriesRun?.read(reader.rest()) ?? 0;
    if (seriesRun === undefined || sizeBytes === 0) return { series: decodeNewSeries(reader) };
    reader.bytes(sizeBytes);
    return { ...NO_SERIES, seriesRun };
  }

  #bounds(reader: ByteReader, flags: number): CommitBounds {
    if ((flags & Flag.BOUNDS) !== 0) {
      return { minTime: reader.f64(), maxTime: reader.f64(), windowMs: reader.f64() };
    }
    const moved = unzigzag(reader.varint());
    const { minTime, maxTime, windowMs } = this.#state;
    const minMoved = (flags & Flag.BOTH_MOVED) !== 0 ? moved : 0;
    return { minTime: minTime + minMoved, maxTime: maxTime + moved, windowMs };
  }

  #readSamples(reader: ByteReader, batch: SampleBatch): Pick<Commit, 'samples' | 'extent'> {
    const kernel = this.#logSamples;
    if (kernel === undefined) {
      this.#samples(reader, batch);
      return { samples: batch };
    }
    const { remaining } = reader;
    const status = kernel.decode(reader.bytes(remaining));
    if (status.ok) return { samples: lentBatch(kernel.columns()), extent: kernel.extent() };
    if (status.code === 'malformed') {
      throw new RecordFormatError(`the ${remaining} bytes of samples cannot be read`);
    }
    throw new KernelMemoryError(`samples of ${remaining} bytes`, remaining);
  }

  #samples(reader: ByteReader, batch: SampleBatch): void {
    const source = new SampleBytes(reader.bytes(reader.remaining));
    const length = source.varint();
    // Each has a code of half a byte.
    if (length === 0 || length > 2 * source.remaining) {
      throw new RecordFormatError(`${length} samples cannot be in ${source.remaining} bytes`);
    }
    batch.reserve(length);
    decodeSampleTimes(source, this.#state, batch.timestamps, length);
    decodeRefs(source, this.#state, batch.refs, length);
    batch.length = length;
    this.#values.decode(source, this.#state, batch);
    if (source.remaining > 0) {
      throw new RecordFormatError(`${source.remaining} bytes follow the samples`);
    }
  }
}

/** A batch of columns that are someone else's: neither to be changed nor released. */
function lentBatch({ length, refs, timestamps, values, words }: BodyColumns): SampleBatch {
  const batch = new Batch(0);
  batch.length = length;
  batch.refs = refs;
  batch.timestamps = timestamps;
  batch.values = values;
  batch.words = words;
  return batch;
}
