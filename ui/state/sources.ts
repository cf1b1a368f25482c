import { signal } from '@preact/signals';
import type { ApiClient } from '../api/client.ts';
import type { Source } from '../api/contract.ts';
import { type ApiError, asApiError } from '../api/errors.ts';
import { samplesPerSecond } from './source-list.ts';

/** Readings this far apart at most are compared for a rate. */
const RATE_WINDOW_MS = 30_000;

interface Reading {
  atMs: number;
  sources: Source[];
}

/** The list of sources, as last read, and the rate of samples that follows from two readings. */
export function createSources(client: ApiClient) {
  const sources = signal<Source[] | null>(null);
  const error = signal<ApiError | null>(null);
  const rate = signal<number | null>(null);
  let readings: Reading[] = [];

  const refresh = async (): Promise<void> => {
    try {
      const data = await client.sources();
      sources.value = data.sources;
      error.value = null;
      const reading = { atMs: performance.now(), sources: data.sources };
      readings = [...readings, reading].filter(({ atMs }) => reading.atMs - atMs <= RATE_WINDOW_MS);
      const oldest = readings[0];
      if (oldest !== undefined) rate.value = samplesPerSecond(oldest, reading) ?? rate.value;
    } catch (thrown) {
      const failure = asApiError(thrown);
      if (failure.code !== 'superseded') error.value = failure;
    }
  };
  return { sources, error, rate, refresh };
}
