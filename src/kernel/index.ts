export type {
  BodyColumns,
  BodyCounts,
  BodyRange,
  BodyStatus,
  UnknownIdentity,
} from './body-contents.ts';
export type { ChunkCopies, StoredChunks } from './chunk-copies.ts';
export { DROPPED_REF, RangeKind } from './body-contents.ts';
export { KernelMemoryError, KernelModuleError } from './errors.ts';
export type { Kernel, KernelHandle, KernelOptions, KernelStats } from './kernel.ts';
export type {
  AppendCounts,
  AppendOptions,
  KernelBody,
  OwnerId,
  TextScanOptions,
} from './kernel-body.ts';
export type { KernelReader, ReadSelection, ReadTarget } from './kernel-reader.ts';
export { ANY_COMMIT, SERIES_HAS_HISTOGRAMS } from './kernel-reader.ts';
export { CHUNK_SAMPLES_MAX } from './layout.ts';
export type { LogSamples, SampleExtent } from './log-samples.ts';
export type { SeriesRun, TableRoom } from './series-run.ts';
export { createKernel, KERNEL_KEY_BYTES } from './shared-kernel.ts';
export { connectKernelReader } from './shared-reader.ts';
export type { MemoryKind, Slab, SlabReader } from './slab.ts';
export { MEMORY_KINDS } from './slab.ts';
export type { CompiledModule, SharedMemory } from './web-assembly.ts';
