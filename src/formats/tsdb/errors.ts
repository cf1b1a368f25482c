import { TidegaugeError } from '../../model/index.ts';

/**
 * Bytes that are not what a file of a Prometheus block or WAL must hold (`tsdb_invalid`), or that
 * are of a form which is not read here (`tsdb_unsupported`).
 */
export class TsdbError extends TidegaugeError {
  readonly code: 'tsdb_invalid' | 'tsdb_unsupported';
  readonly file: string;
  /** Offset of the fault in the file, in bytes. */
  readonly offset: number;

  constructor(code: TsdbError['code'], { file, offset }: Place, problem: string, cause?: unknown) {
    super(`${file}, byte ${offset}: ${problem}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.file = file;
    this.offset = offset;
  }
}

/** A position in a file, for errors. */
export interface Place {
  readonly file: string;
  readonly offset: number;
}

/** The error for bytes that cannot be right. */
export function tsdbFault(place: Place, problem: string, cause?: unknown): TsdbError {
  return new TsdbError('tsdb_invalid', place, problem, cause);
}

/** The error for bytes that may be right, but are not read here. */
export function tsdbUnsupported(place: Place, problem: string): TsdbError {
  return new TsdbError('tsdb_unsupported', place, problem);
}
