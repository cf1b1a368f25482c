export type { RingOptions } from './agent-ring.ts';
export { AgentRing, DEFAULT_RING_OPTIONS } from './agent-ring.ts';
export type { RingFileSystem, RingReadableFile, RingWritableFile } from './ring-file-system.ts';
