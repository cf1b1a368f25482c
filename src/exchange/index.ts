export { ExchangeError } from './errors.ts';
export type { ExportProgress, ExportResult } from './export-prometheus.ts';
export { exportPrometheus } from './export-prometheus.ts';
export { readBlockSeries } from './import-block.ts';
export type { ImportProgress, ImportResult } from './import-prometheus.ts';
export { IMPORT_STORAGE_OPTIONS, importPrometheus } from './import-prometheus.ts';
