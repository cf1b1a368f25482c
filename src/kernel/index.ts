export { KernelMemoryError, KernelModuleError } from './errors.ts';
export { createKernel, KERNEL_KEY_BYTES } from './shared-kernel.ts';
export { connectKernelReader } from './shared-reader.ts';
export type {
  AppendCounts,
  AppendOptions,
  BodyColumns,
  BodyCounts,
  BodyRange,
  BodyStatus,
  Kernel,
  KernelBody,
  KernelHandle,
  KernelOptions,
  KernelReader,
  KernelStats,
  MemoryKind,
  OwnerId,
  ReadSelection,
  ReadTarget,
  Slab,
  SlabReader,
  TextScanOptions,
  UnknownIdentity,
} from './types.ts';
export {
  ANY_COMMIT,
  CHUNK_SAMPLES_MAX,
  DROPPED_REF,
  MEMORY_KINDS,
  RangeKind,
  SERIES_HAS_HISTOGRAMS,
} from './types.ts';
export type { CompiledModule, SharedMemory } from './web-assembly.ts';
