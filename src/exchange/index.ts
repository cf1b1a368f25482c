export { ExchangeError } from './errors.ts';
export type {
  ExportedBlock,
  ExportOptions,
  ExportProgress,
  ExportResult,
} from './export-prometheus.ts';
export { BLOCK_RANGE_MS, exportPrometheus } from './export-prometheus.ts';
export type { BlockSeries } from './import-block.ts';
export { readBlockSeries } from './import-block.ts';
export type {
  ImportOptions,
  ImportProgress,
  ImportResult,
  SkippedBlock,
} from './import-prometheus.ts';
export { IMPORT_STORAGE_OPTIONS, importPrometheus } from './import-prometheus.ts';
export type { ImportTally } from './import-target.ts';
export type { WalEnd, WalTally } from './import-wal.ts';
