import { TidegaugeError } from '../model/index.ts';

/** The store could not write or read its files. */
export class StorageError extends TidegaugeError {
  readonly code: string = 'storage_failed';
}

/** No room on the disk: new samples are refused, queries go on. */
export class StorageFullError extends StorageError {
  override readonly code = 'storage_full';
}

/** Another process, or another open store of this one, has the data folder. */
export class StorageLockedError extends StorageError {
  override readonly code = 'storage_locked';
}

/** The store, the querier or the connection to the store was closed. */
export class StorageClosedError extends StorageError {
  override readonly code = 'storage_closed';
}

/** Reading from another thread failed there; `code` is that of the error there. */
export class ReadFailedError extends TidegaugeError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A selection found more than the query may read. */
export class SelectLimitError extends TidegaugeError {
  readonly code = 'select_limit';
  readonly limit: number;
  readonly kind: 'samples' | 'series' | 'bytes';

  constructor(kind: SelectLimitError['kind'], limit: number) {
    super(
      kind === 'bytes'
        ? `the selection needs more than the ${limit} bytes of memory that are left to the query`
        : `the selection has more than the ${limit} ${kind} that a query may read`,
    );
    this.kind = kind;
    this.limit = limit;
  }
}

/** Turns what a file operation threw into the error that says whether the disk was full. */
export function storageErrorOf(doing: string, thrown: unknown): StorageError {
  if (thrown instanceof StorageError) return thrown;
  const systemCode = systemCodeOf(thrown);
  const text = `${doing}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  const full = systemCode === 'ENOSPC' || systemCode === 'EDQUOT';
  return full
    ? new StorageFullError(text, { cause: thrown })
    : new StorageError(text, { cause: thrown });
}

/** The operating system's name of an error (`ENOENT`), undefined where there is none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
