export { createClient } from './client.ts';
export type {
  ClientOptions,
  ClientStatus,
  ClientWarning,
  EventOptions,
  MetricRegistry,
  RegistryMetric,
  RegistryValue,
  TidegaugeClient,
} from './types.ts';
