export type { PushContacts, PushStore } from './exchange.ts';
export type { PushDependencies, PushHandlers } from './handlers.ts';
export { createPushHandlers } from './handlers.ts';
export type { PushMetrics, PushRequestOutcome } from './metrics.ts';
export { noPushMetrics } from './metrics.ts';
export type { PushOptions } from './options.ts';
export { pushOptionsSchema } from './options.ts';
