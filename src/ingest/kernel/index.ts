export type { IngestKernelOptions } from './ingest-kernel.ts';
export { fillInput, IngestKernel, messageBytes } from './ingest-kernel.ts';
