import { expect, test } from 'vitest';
import { type FloatHistogram, Labels } from '../model/index.ts';
import { jsonString } from './json-writer.ts';
import { encodeQueryData, encodeSeries, encodeTexts } from './result-json.ts';
import type { QueryValue } from './result.ts';

const UP = Labels.fromObject({ __name__: 'up', job: 'a"b' });

const HISTOGRAM: FloatHistogram = {
  counterReset: 'unknown',
  schema: 0,
  zeroThreshold: 0.5,
  zeroCount: 2,
  count: 7,
  sum: 3.5,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [1, 0],
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: [4],
  customValues: [],
};

function check(value: QueryValue, want: string): void {
  const text = new TextDecoder().decode(encodeQueryData(value));
  expect(text).toBe(`{"resultType":"${value.kind}","result":${want}}`);
}

test('scalars and strings', () => {
  check({ kind: 'scalar', timestamp: 1500, value: 1e-7 }, '[1.5,"0.0000001"]');
  check({ kind: 'scalar', timestamp: 0, value: -1.5e21 }, '[0,"-1500000000000000000000"]');
  check({ kind: 'scalar', timestamp: 0, value: -0 }, '[0,"-0"]');
  check({ kind: 'scalar', timestamp: 0, value: NaN }, '[0,"NaN"]');
  check({ kind: 'string', timestamp: 0, value: 'a\udcff🌊' }, '[0,"a\ufffd🌊"]');
  check({ kind: 'scalar', timestamp: 0, value: -Infinity }, '[0,"-Inf"]');
  check({ kind: 'string', timestamp: 1001, value: 'a\n\b\u2028' }, '[1.001,"a\\n\\u0008\\u2028"]');
});

test('vectors of numbers and histograms', () => {
  check({ kind: 'vector', timestamp: 0, elements: [] }, '[]');
  check(
    {
      kind: 'vector',
      timestamp: 1000,
      elements: [
        { labels: UP, value: 0.5, histogram: undefined },
        { labels: Labels.EMPTY, value: 0, histogram: HISTOGRAM },
      ],
    },
    '[{"metric":{"__name__":"up","job":"a\\"b"},"value":[1,"0.5"]},' +
      '{"metric":{},"histogram":[1,{"count":"7","sum":"3.5","buckets":[' +
      '[1,"-2","-1","4"],[3,"-0.5","0.5","2"],[0,"1","2","1"]]}]}]',
  );
});

test('matrices; series with the same times share their text', () => {
  const timestamps = Float64Array.of(0, 1500);
  const series = (name: string, values: number[]) => ({
    labels: Labels.fromObject({ __name__: name }),
    timestamps,
    values: Float64Array.from(values),
    histograms: [],
  });
  check(
    { kind: 'matrix', series: [series('a', [1, NaN]), series('b', [-0, 1e21])] },
    '[{"metric":{"__name__":"a"},"values":[[0,"1"],[1.5,"NaN"]]},' +
      '{"metric":{"__name__":"b"},"values":[[0,"-0"],[1.5,"1e+21"]]}]',
  );
  const empty = { ...HISTOGRAM, zeroCount: 0, positiveBuckets: [0, 0], negativeBuckets: [0] };
  check(
    {
      kind: 'matrix',
      series: [
        {
          labels: Labels.EMPTY,
          timestamps: new Float64Array(0),
          values: new Float64Array(0),
          histograms: [{ timestamp: 2000, histogram: empty }],
        },
      ],
    },
    '[{"metric":{},"histograms":[[2,{"count":"7","sum":"3.5"}]]}]',
  );
});

test('a long answer is whole', () => {
  const values = Float64Array.from({ length: 11_000 }, (_, index) => index / 7);
  const timestamps = values.map((_, index) => index * 1000);
  const labels = Labels.fromObject({ text: 'ü€😀' });
  const series = Array.from({ length: 5 }, () => ({ labels, timestamps, values, histograms: [] }));
  const bytes = encodeQueryData({ kind: 'matrix', series });
  const parsed = JSON.parse(new TextDecoder().decode(bytes)) as {
    result: { metric: Record<string, string>; values: [number, string][] }[];
  };
  expect(parsed.result).toHaveLength(5);
  expect(parsed.result[4]?.metric).toEqual({ text: 'ü€😀' });
  expect(parsed.result[4]?.values.map(([, value]) => Number(value))).toEqual([...values]);
});

test('series and texts', () => {
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  expect(text(encodeSeries([UP, Labels.EMPTY]))).toBe('[{"__name__":"up","job":"a\\"b"},{}]');
  expect(text(encodeTexts([]))).toBe('[]');
  expect(text(encodeTexts(['a', '\\b']))).toBe('["a","\\\\b"]');
  expect(jsonString('\\b\b')).toBe('"\\\\b\\u0008"');
});

test('statistics as the API names them', () => {
  const stats = {
    prepareMs: 1,
    selectMs: 2,
    evaluateMs: 3,
    totalMs: 6,
    queueMs: 4,
    samplesRead: 0,
    seriesRead: 0,
    queryableSamples: 8,
    peakBytes: 0,
    peakSamples: 9,
  };
  const value: QueryValue = { kind: 'scalar', timestamp: 0, value: 1 };
  const text = new TextDecoder().decode(encodeQueryData(value, { stats }));
  expect(JSON.parse(text)).toMatchObject({
    stats: {
      timings: { evalTotalTime: 0.006, execQueueTime: 0.004, execTotalTime: 0.01 },
      samples: { totalQueryableSamples: 8, peakSamples: 9 },
    },
  });
});
