export type { LogFields, Logger, LogLevel } from './logger.ts';
export { createLogger, LOG_LEVELS, silentLogger } from './logger.ts';
export { registerProcessMetrics } from './process-metrics.ts';
