export { addExemplars, readExemplars, readNumbers, setNans } from './exposition-ranges.ts';
export { fillInput, IngestKernel, messageBytes } from './ingest-kernel.ts';
export { judgeLine } from './line-judge.ts';
