import type { DeletedRange } from '../formats/tsdb/index.ts';
import type { Storage } from '../storage/api.ts';
import type { BlockSeries } from './import-block.ts';
import { readBlockSeries } from './import-block.ts';
import type { FoundBlock, ImportSource } from './import-source.ts';
import { findImportSource } from './import-source.ts';
import type { ImportTally } from './import-target.ts';
import { ImportTarget } from './import-target.ts';
import type { WalSeriesTable, WalTally } from './import-wal.ts';
import { WalImport } from './import-wal.ts';

export interface ImportOptions {
  /** Must take samples of any age in any order (see `IMPORT_STORAGE_OPTIONS`). */
  readonly storage: Pick<Storage, 'appender'>;
  /** A block, a log, or a folder of blocks and logs, as Prometheus writes them. Only read. */
  readonly directory: string;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly seriesCount: number;
  readonly sampleCount: number;
  /** Blocks and log segments done, and how many there are. */
  readonly doneCount: number;
  readonly totalCount: number;
}

export interface ImportResult {
  /** Blocks imported. */
  readonly blockCount: number;
  readonly skippedBlocks: readonly SkippedBlock[];
  readonly tally: Readonly<ImportTally>;
  /** Samples that blocks say were deleted. */
  readonly deletedSampleCount: number;
  /** Chunks of an encoding that is not known. */
  readonly unknownChunkCount: number;
  readonly wals: readonly { readonly folder: string; readonly tally: Readonly<WalTally> }[];
}

export interface SkippedBlock {
  readonly folder: string;
  readonly reason: string;
}

/**
 * Settings with which a store takes history: nothing is too old, too new or too late. Limits of
 * running it afterwards are another matter: its retention drops what is older.
 */
export const IMPORT_STORAGE_OPTIONS = {
  retention_ms: 0,
  max_future_ms: Number.MAX_SAFE_INTEGER,
  out_of_order_window_ms: Number.MAX_SAFE_INTEGER,
} as const;

/**
 * Copies what Prometheus stored into a store, series by series, in commits of bounded size. What
 * is there already is a duplicate and changes nothing, so an import may be repeated.
 * @throws ExchangeError when the folder holds nothing to import, TsdbError for a damaged block:
 *   what was committed before stays. A damaged log is imported up to the damage and reported.
 */
export async function importPrometheus(options: ImportOptions): Promise<ImportResult> {
  const source = await findImportSource(options.directory);
  const target = new ImportTarget(options.storage);
  try {
    return await new Importer(options, source, target).run();
  } finally {
    target.abandon();
  }
}

class Importer {
  readonly #options: ImportOptions;
  readonly #source: ImportSource;
  readonly #target: ImportTarget;
  readonly #skipped: SkippedBlock[] = [];
  /** Deletions by the key of a series' labels, so that the log does not bring samples back. */
  readonly #deleted = new Map<string, DeletedRange[]>();
  readonly #totalCount: number;
  #blockCount = 0;
  #doneCount = 0;
  #seriesCount = 0;
  #deletedSampleCount = 0;
  #unknownChunkCount = 0;

  constructor(options: ImportOptions, source: ImportSource, target: ImportTarget) {
    this.#options = options;
    this.#source = source;
    this.#target = target;
    const segments = source.wals.reduce((sum, wal) => sum + wal.segments.length, 0);
    this.#totalCount = source.blocks.length + segments;
  }

  async run(): Promise<ImportResult> {
    for (const block of this.#source.blocks) {
      await this.#importBlock(block);
      this.#doneCount++;
    }
    const wals = await this.#importWals();
    await this.#target.flush();
    return {
      blockCount: this.#blockCount,
      skippedBlocks: this.#skipped,
      tally: this.#target.tally,
      deletedSampleCount: this.#deletedSampleCount,
      unknownChunkCount: this.#unknownChunkCount,
      wals,
    };
  }

  async #importBlock({ folder, meta }: FoundBlock): Promise<void> {
    if (meta.downsampleMs > 0) {
      const reason = `it is downsampled to ${meta.downsampleMs} ms by Thanos`;
      this.#skipped.push({ folder, reason });
      return;
    }
    this.#blockCount++;
    for await (const series of readBlockSeries(folder)) {
      const { labels, floats, histograms, deleted } = series;
      this.#seriesCount++;
      this.#deletedSampleCount += series.deletedSampleCount;
      this.#unknownChunkCount += series.unknownChunkCount;
      if (deleted.length > 0) this.#noteDeleted(labels.key, deleted);
      if (floats.length + histograms.length > 0) await this.#importSeries(series);
      this.#report();
    }
  }

  async #importSeries({ labels, floats, histograms }: BlockSeries): Promise<void> {
    const target = this.#target;
    const ref = target.series(labels);
    for (let from = 0; from < floats.length; ) {
      from = target.addSamples(ref, floats, from);
      if (target.isFull) await target.flush();
    }
    for (const { timestamp, histogram } of histograms) {
      target.addHistogram(ref, timestamp, histogram);
      if (target.isFull) await target.flush();
    }
  }

  #noteDeleted(key: string, ranges: readonly DeletedRange[]): void {
    this.#deleted.set(key, [...(this.#deleted.get(key) ?? []), ...ranges]);
  }

  async #importWals(): Promise<ImportResult['wals']> {
    // The log of samples out of order speaks of the series of the other one.
    const series: WalSeriesTable = new Map();
    const wals: { folder: string; tally: WalTally }[] = [];
    for (const wal of this.#source.wals) {
      const reading = new WalImport(wal, this.#target, series, () => {
        this.#doneCount++;
        this.#report();
      });
      await reading.readSeries(this.#deleted);
      this.#seriesCount = Math.max(this.#seriesCount, series.size);
      await reading.readSamples();
      wals.push({ folder: wal.folder, tally: reading.tally });
    }
    return wals;
  }

  #report(): void {
    const { stored, duplicate } = this.#target.tally;
    this.#options.onProgress?.({
      seriesCount: this.#seriesCount,
      sampleCount: stored + duplicate,
      doneCount: this.#doneCount,
      totalCount: this.#totalCount,
    });
  }
}
