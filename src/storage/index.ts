export * from './api.ts';
export type { CheckOptions } from './check/check-store.ts';
export { checkStore } from './check/check-store.ts';
export type { StoreProblem, StoreReport } from './check/store-report.ts';
export { EmbeddedStorage } from './embedded-storage.ts';
export type { StorageEnvironment } from './environment.ts';
export {
  ReadFailedError,
  SelectLimitError,
  StorageClosedError,
  StorageError,
  StorageFullError,
  StorageLockedError,
} from './errors.ts';
export type { FileSystem, ReadableFile, WritableFile } from './file-system.ts';
export { nodeFileSystem } from './file-system.ts';
export { openStorage } from './open-storage.ts';
export type { StorageOptions, StorageOptionsInput } from './options.ts';
export { storageOptionsSchema } from './options.ts';
export type { StorageCounters } from './storage-counters.ts';
export { connectReader } from './reader/connect-reader.ts';
export type { Recovery } from './wal/recover.ts';
