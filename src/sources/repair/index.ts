export type { RepairGap, RepairOptions, RepairRequest } from './repair-scheduler.ts';
export { DEFAULT_REPAIR_OPTIONS, RepairScheduler } from './repair-scheduler.ts';
export { TokenBucket } from './token-bucket.ts';
