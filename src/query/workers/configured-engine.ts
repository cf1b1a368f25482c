import type { Queryable } from '../../storage/api.ts';
import { createEngine, type Engine } from '../engine.ts';
import type { QueryOptions } from '../options.ts';

/** An engine as the settings say. */
export function configuredEngine(queryable: Queryable, options: QueryOptions): Engine {
  return createEngine({
    queryable,
    lookbackMs: options.lookback_ms,
    defaultStepMs: options.default_step_ms,
    maxSamples: options.max_samples,
    maxSeries: options.max_series,
    maxMemoryBytes: options.max_memory_bytes,
    typeAndUnitLabels: options.type_and_unit_labels,
    startTimestamps: options.start_timestamps,
    experimentalFunctions: options.experimental_functions,
  });
}
