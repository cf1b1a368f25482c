import { readFile } from 'node:fs/promises';
import type { DeletedRange, WalRecord, WalVisitor } from '../formats/tsdb/index.ts';
import {
  decodeWalRecord,
  isDeleted,
  isTornTail,
  TsdbError,
  WalSegmentReader,
} from '../formats/tsdb/index.ts';
import type { FloatHistogram, Labels, Metadata } from '../model/index.ts';
import type { SeriesRef } from '../storage/api.ts';
import type { FoundWal } from './import-source.ts';
import type { ImportTarget } from './import-target.ts';

/** How reading a log ended before its last byte. */
export interface WalEnd {
  /** Where, and why. */
  readonly message: string;
  /** Bytes from there to the end, in this segment and those after it. */
  readonly lostBytes: number;
  /** Segments after this one, which were not read. */
  readonly lostSegments: number;
}

export interface WalTally {
  recordCount: number;
  /** Records of a type that is not known here. */
  unknownRecordCount: number;
  /** Samples of a series whose labels the log does not have. */
  orphanCount: number;
  /** Histograms of a schema that is not known. */
  unknownHistogramCount: number;
  deletedSampleCount: number;
  /** The last write was cut off, as a crash does. */
  torn: WalEnd | undefined;
  /** The log is damaged; what follows was not read. */
  corrupt: WalEnd | undefined;
}

interface Stop {
  readonly segment: number;
  readonly offset: number;
}

interface WalSeries {
  readonly labels: Labels;
  /** In the store that is imported to; undefined before its first sample. */
  target: SeriesRef | undefined;
  deleted: readonly DeletedRange[];
}

/** Series of all logs of one folder, by their ref there. */
export type WalSeriesTable = Map<number, WalSeries>;

/**
 * Imports a log. It is read twice: first for series and deletions, which may stand after the
 * samples they are about, then for everything else. Nothing after a damaged place is read.
 */
export class WalImport {
  readonly tally: WalTally = {
    recordCount: 0,
    unknownRecordCount: 0,
    orphanCount: 0,
    unknownHistogramCount: 0,
    deletedSampleCount: 0,
    torn: undefined,
    corrupt: undefined,
  };
  readonly #wal: FoundWal;
  readonly #target: ImportTarget;
  readonly #series: WalSeriesTable;
  readonly #onSegment: (sizeBytes: number) => void;
  #stop: Stop | undefined;

  /** @param onSegment Called after each segment of the second reading. */
  constructor(
    wal: FoundWal,
    target: ImportTarget,
    series: WalSeriesTable,
    onSegment: (sizeBytes: number) => void,
  ) {
    this.#wal = wal;
    this.#target = target;
    this.#series = series;
    this.#onSegment = onSegment;
  }

  /** The first reading. @param deletedBefore Deletions known from blocks, by labels. */
  async readSeries(deletedBefore: ReadonlyMap<string, readonly DeletedRange[]>): Promise<void> {
    const visitor = new SeriesVisitor(this.#series, deletedBefore);
    for (const [segment, { path }] of this.#wal.segments.entries()) {
      const bytes = await readFile(path);
      const reader = new WalSegmentReader(bytes, path);
      try {
        for (let record = reader.next(); record !== undefined; record = reader.next()) {
          this.tally.recordCount++;
          if (!decodeWalRecord(record.bytes, path, record.offset, visitor)) {
            this.tally.unknownRecordCount++;
          }
        }
      } catch (error) {
        if (!(error instanceof TsdbError)) throw error;
        this.#stop = { segment, offset: reader.position };
        this.#noteEnd(error, bytes.length);
        break;
      }
    }
    visitor.finish();
  }

  /** The second reading, up to where the first one came. */
  async readSamples(): Promise<void> {
    const visitor = new SampleVisitor(this.#series, this.#target, this.tally);
    for (const [segment, { path, sizeBytes }] of this.#wal.segments.entries()) {
      if (this.#stop !== undefined && segment > this.#stop.segment) return;
      const limit = segment === this.#stop?.segment ? this.#stop.offset : Infinity;
      const reader = new WalSegmentReader(await readFile(path), path);
      while (reader.position < limit) {
        const record: WalRecord | undefined = reader.next();
        if (record === undefined) break;
        decodeWalRecord(record.bytes, path, record.offset, visitor);
        if (this.#target.isFull) await this.#target.flush();
      }
      this.#onSegment(sizeBytes);
    }
  }

  #noteEnd(error: TsdbError, sizeBytes: number): void {
    const { segments } = this.#wal;
    const { segment, offset } = this.#stop ?? { segment: 0, offset: 0 };
    const after = segments.slice(segment + 1);
    const end: WalEnd = {
      message: error.message,
      lostBytes: after.reduce((sum, each) => sum + each.sizeBytes, sizeBytes - offset),
      lostSegments: after.length,
    };
    if (after.length === 0 && isTornTail(error.offset, sizeBytes)) this.tally.torn = end;
    else this.tally.corrupt = end;
  }
}

/** Takes nothing; visitors override what they want. */
class IdleVisitor implements WalVisitor {
  series(_ref: number, _labels: Labels): void {}
  sample(_ref: number, _timestamp: number, _lowWord: number, _highWord: number): void {}
  histogram(_ref: number, _timestamp: number, _histogram: FloatHistogram | undefined): void {}
  unknownHistogram(_ref: number, _timestamp: number): void {}
  deleted(_ref: number, _minTime: number, _maxTime: number): void {}
  exemplar(_ref: number, _timestamp: number, _value: number, _pairs: readonly string[]): void {}
  metadata(_ref: number, _metadata: Metadata): void {}
}

class SeriesVisitor extends IdleVisitor {
  readonly #series: WalSeriesTable;
  readonly #deletedBefore: ReadonlyMap<string, readonly DeletedRange[]>;
  readonly #deleted = new Map<number, DeletedRange[]>();

  constructor(series: WalSeriesTable, deletedBefore: ReadonlyMap<string, readonly DeletedRange[]>) {
    super();
    this.#series = series;
    this.#deletedBefore = deletedBefore;
  }

  override series(ref: number, labels: Labels): void {
    if (this.#series.has(ref)) return;
    const deleted = this.#deletedBefore.get(labels.key) ?? [];
    this.#series.set(ref, { labels, target: undefined, deleted });
  }

  override deleted(ref: number, minTime: number, maxTime: number): void {
    const ranges = this.#deleted.get(ref);
    if (ranges === undefined) this.#deleted.set(ref, [{ minTime, maxTime }]);
    else ranges.push({ minTime, maxTime });
  }

  /** Notes the deletions at their series, which may have come after them. */
  finish(): void {
    for (const [ref, ranges] of this.#deleted) {
      const series = this.#series.get(ref);
      if (series !== undefined) series.deleted = [...series.deleted, ...ranges];
    }
  }
}

class SampleVisitor extends IdleVisitor {
  readonly #series: WalSeriesTable;
  readonly #target: ImportTarget;
  readonly #tally: WalTally;

  constructor(series: WalSeriesTable, target: ImportTarget, tally: WalTally) {
    super();
    this.#series = series;
    this.#target = target;
    this.#tally = tally;
  }

  override sample(ref: number, timestamp: number, lowWord: number, highWord: number): void {
    const series = this.#find(ref, timestamp);
    if (series === undefined) return;
    this.#target.addSample(this.#targetOf(series), timestamp, lowWord, highWord);
  }

  override histogram(ref: number, timestamp: number, histogram: FloatHistogram | undefined): void {
    const series = this.#find(ref, timestamp);
    if (series === undefined) return;
    this.#target.addHistogram(this.#targetOf(series), timestamp, histogram);
  }

  override unknownHistogram(): void {
    this.#tally.unknownHistogramCount++;
  }

  override exemplar(
    ref: number,
    timestamp: number,
    value: number,
    labelPairs: readonly string[],
  ): void {
    const series = this.#series.get(ref);
    if (series === undefined) return;
    this.#target.addExemplar(this.#targetOf(series), { timestamp, value, labelPairs });
  }

  override metadata(ref: number, metadata: Metadata): void {
    const series = this.#series.get(ref);
    if (series === undefined) return;
    this.#target.setMetadata(familyOf(series.labels.metricName, metadata), metadata);
  }

  #find(ref: number, timestamp: number): WalSeries | undefined {
    const series = this.#series.get(ref);
    if (series === undefined) {
      this.#tally.orphanCount++;
      return undefined;
    }
    if (series.deleted.length > 0 && isDeleted(series.deleted, timestamp)) {
      this.#tally.deletedSampleCount++;
      return undefined;
    }
    return series;
  }

  #targetOf(series: WalSeries): SeriesRef {
    series.target ??= this.#target.series(series.labels);
    return series.target;
  }
}

const PART_SUFFIX = /_(?:bucket|count|sum|gcount|gsum)$/;

/** The metric family of a series: the name without what marks a part of a histogram or summary. */
function familyOf(name: string, { type }: Metadata): string {
  const hasParts = type === 'histogram' || type === 'gaugehistogram' || type === 'summary';
  return hasParts ? name.replace(PART_SUFFIX, '') : name;
}
