export type { RepairGap, RepairOptions, RepairRequest } from './repair-scheduler.ts';
export { RepairScheduler } from './repair-scheduler.ts';
export { TokenBucket } from './token-bucket.ts';
