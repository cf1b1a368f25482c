/** Something that is wrong with a store's files. */
export interface StoreProblem {
  /** Of the file or folder, within the data folder. */
  readonly path: string;
  /** First byte of the place, where it is known. */
  readonly positionBytes: number | undefined;
  /** What is wrong, and what is lost by it. */
  readonly reason: string;
  /** What was done about it; undefined where nothing was. */
  readonly repair: string | undefined;
}

/** What a check found. */
export interface StoreReport {
  readonly problems: readonly StoreProblem[];
  readonly segmentCount: number;
  readonly recordCount: number;
  readonly blockCount: number;
  readonly chunkCount: number;
  readonly bytes: number;
}

/** A report on its way. */
export class ReportBuilder {
  readonly problems: StoreProblem[] = [];
  segmentCount = 0;
  recordCount = 0;
  blockCount = 0;
  chunkCount = 0;
  bytes = 0;

  add(path: string, reason: string, positionBytes?: number, repair?: string): void {
    this.problems.push({ path, positionBytes, reason, repair });
  }

  build(): StoreReport {
    const { problems, segmentCount, recordCount, blockCount, chunkCount, bytes } = this;
    return { problems, segmentCount, recordCount, blockCount, chunkCount, bytes };
  }
}
