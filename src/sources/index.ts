export type { SourcesOptions } from './options.ts';
export { sourcesOptionsSchema } from './options.ts';
export type { SourceRegistryOptions } from './registry.ts';
export { pushSourceId, SourceRegistry } from './registry.ts';
export type {
  Source,
  SourceContact,
  SourceDescription,
  SourceKind,
  SourceState,
} from './source.ts';
