import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { decodeIdentity, scanOpenMetrics } from '../../src/formats/exposition/index.ts';
import { Labels } from '../../src/model/index.ts';
import type { Appender, Storage } from '../../src/storage/api.ts';
import { openTemporaryStorage, type TemporaryStorage } from './temporary-storage.ts';

const HOUR_MS = 3_600_000;

/** A store that takes data of whatever day, in whatever order. */
export function fixedOpenStorage(): Promise<TemporaryStorage> {
  return openTemporaryStorage({
    out_of_order_window_ms: 24 * HOUR_MS,
    max_future_ms: Number.MAX_SAFE_INTEGER,
    retention_ms: 0,
  });
}

/**
 * Stores a dump as `promtool tsdb dump` prints it: `{labels} value milliseconds`. NaN is taken for
 * a staleness marker.
 */
export async function loadDump(storage: Storage, path: string): Promise<void> {
  const lines = gunzipSync(await readFile(path))
    .toString('utf8')
    .split('\n');
  const appender = storage.appender();
  let known = '';
  let ref = 0;
  for (const line of lines) {
    const end = line.lastIndexOf('} ');
    if (end < 0) continue;
    const series = line.slice(0, end + 1);
    if (series !== known) {
      known = series;
      ref = appender.series(labelsOf(series));
    }
    const [value = '', time = ''] = line.slice(end + 2).split(' ');
    addSample(appender, ref, Number(time), value);
  }
  const { outcomes } = await appender.commit();
  if (outcomes !== undefined) throw new Error(`${path}: not all of it was stored`);
}

const LABEL = /([^{},=\s]+)=("(?:[^"\\]|\\.)*")/g;

function labelsOf(series: string): Labels {
  const pairs = [...series.matchAll(LABEL)].map(
    ([, name = '', value = '""']) => [name, JSON.parse(value) as string] as const,
  );
  return Labels.fromEntries(pairs);
}

function addSample({ samples }: Appender, ref: number, timestamp: number, value: string): void {
  if (value === 'NaN') samples.pushStale(ref, timestamp);
  else samples.push(ref, timestamp, parseValue(value));
}

function parseValue(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

/**
 * Stores an OpenMetrics body with a timestamp for every sample, as a compressed file. Families may
 * lack what a push must have: only samples are looked at.
 */
export async function loadOpenMetrics(storage: Storage, path: string): Promise<void> {
  const body = gunzipSync(await readFile(path));
  const appender = storage.appender();
  const refs = new Map<string, number>();
  scanOpenMetrics(body, 0, body.length, {
    sample(start, end, value, timestamp) {
      const identity = body.toString('latin1', start, end);
      const ref = refs.get(identity) ?? appender.series(decodeIdentity(body, start, end));
      refs.set(identity, ref);
      appender.samples.push(ref, timestamp, value);
    },
  });
  const { outcomes } = await appender.commit();
  if (outcomes !== undefined) throw new Error(`${path}: not all of it was stored`);
}
