import { createEngine, type MatrixSeries, type QueryValue } from '../../../src/query/index.ts';
import type { Evaluate, ResultPoint, ScriptValue } from './script-engine.ts';

/** Our engine with the settings that the scripts are written for. */
export const evaluateWithOwnEngine: Evaluate = async (query, times, data) => {
  const engine = createEngine({ queryable: data, lookbackMs: 300_000, startTimestamps: true });
  const result =
    times.kind === 'instant'
      ? await engine.instant(query, { timeMs: times.timeMs })
      : await engine.range(query, times);
  const { value, warnings, infos } = result;
  return { value: scriptValue(value), warnings, infos };
};

function scriptValue(value: QueryValue): ScriptValue {
  switch (value.kind) {
    case 'scalar':
    case 'string':
      return value;
    case 'vector': {
      const { timestamp, elements } = value;
      const series = elements.map(({ labels, value: number, histogram }) => ({
        labels,
        points: [{ timestamp, value: histogram ?? number }],
      }));
      return { kind: 'vector', series };
    }
    case 'matrix': {
      const series = value.series.map((one) => ({ labels: one.labels, points: pointsOf(one) }));
      return { kind: 'matrix', series };
    }
  }
}

function pointsOf({ timestamps, values, histograms }: MatrixSeries): readonly ResultPoint[] {
  const floats = Array.from(timestamps, (timestamp, index) => ({
    timestamp,
    value: values[index] ?? NaN,
  }));
  const others = histograms.map(({ timestamp, histogram }) => ({ timestamp, value: histogram }));
  return [...floats, ...others].sort((a, b) => a.timestamp - b.timestamp);
}
