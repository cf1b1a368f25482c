export { addExemplars, readExemplars, readNumbers, setNans } from './exposition-ranges.ts';
export type { IngestKernelOptions } from './ingest-kernel.ts';
export { fillInput, IngestKernel, messageBytes } from './ingest-kernel.ts';
export type { TextFormat } from './line-judge.ts';
export { judgeLine } from './line-judge.ts';
