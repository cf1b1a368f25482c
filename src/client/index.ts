export { createClient } from './client.ts';
export type {
  OpenTelemetryProducer,
  OpenTelemetryReader,
  OpenTelemetryReaderOptions,
} from './opentelemetry-reader.ts';
export { openTelemetryReader } from './opentelemetry-reader.ts';
export type {
  ClientOptions,
  ClientStatus,
  ClientWarning,
  EventOptions,
  MetricRegistry,
  NativeHistogram,
  PushingClient,
  RegistryMetric,
  RegistryValue,
  TidegaugeClient,
} from './types.ts';
