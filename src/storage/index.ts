export * from './api.ts';
export { checkStore } from './check/check-store.ts';
export { EmbeddedStorage } from './embedded-storage.ts';
export {
  ReadFailedError,
  SelectLimitError,
  StorageClosedError,
  StorageError,
  StorageFullError,
  StorageLockedError,
} from './errors.ts';
export type { FileSystem, ReadableFile, WritableFile } from './file-system.ts';
export { openStorage } from './open-storage.ts';
export type { StorageOptionsInput } from './options.ts';
export { storageOptionsSchema } from './options.ts';
export type { StorageCounters } from './storage-counters.ts';
export { connectReader } from './reader/connect-reader.ts';
