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
  ReadTarget,
  TextScanOptions,
  UnknownIdentity,
} from './types.ts';
export type { CompiledModule, SharedMemory } from './web-assembly.ts';
export { MEMORY_KINDS, RangeKind } from './types.ts';
