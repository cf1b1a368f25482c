import { TidegaugeError } from '../model/index.ts';

/** The store could not write or read its files. */
export class StorageError extends TidegaugeError {
  readonly code: string = 'storage_failed';
}

/** No room on the disk: new samples are refused, queries go on. */
export class StorageFullError extends StorageError {
  override readonly code = 'storage_full';
}

/** A selection found more than the query may read. */
export class SelectLimitError extends TidegaugeError {
  readonly code = 'select_limit';
  readonly limit: number;
  readonly kind: 'samples' | 'series';

  constructor(kind: 'samples' | 'series', limit: number) {
    super(`the selection has more than the ${limit} ${kind} that a query may read`);
    this.kind = kind;
    this.limit = limit;
  }
}
