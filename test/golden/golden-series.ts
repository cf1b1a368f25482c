import type { FloatHistogram } from '../../src/model/index.ts';
import { SampleColumns } from '../../src/model/index.ts';

export const GOLDEN_NAME = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const START = 1_700_000_000_000;

export interface GoldenSeries {
  readonly pairs: readonly string[];
  readonly samples: SampleColumns;
  readonly histograms: readonly { timestamp: number; histogram: FloatHistogram | undefined }[];
}

const HISTOGRAM: FloatHistogram = {
  counterReset: 'not_reset',
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 6,
  sum: 7.25,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [2, 4],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [0.5, 2.5],
};

/** What the golden block of version 1 holds: every form of a column, each kind of difference. */
export function goldenSeries(): GoldenSeries[] {
  const values: readonly (readonly [string, (index: number) => number])[] = [
    ['constant', () => 0.1],
    ['steps', (index) => 7 * index],
    ['counter', (index) => index * 1000 + ((index * index) % 917)],
    ['cents', (index) => (index * 37 - (index % 11)) / 100],
    ['noise', (index) => (((index * 7919) % 1009) / 1009) * 1e-30],
    ['thirds', (index) => 1000 + index / 3],
    ['large', (index) => 2 ** 60 + index * 2 ** 40],
  ];
  const series = values.map(([name, valueOf], number): GoldenSeries => {
    const samples = new SampleColumns();
    for (let index = 0; index < 600; index++) {
      samples.push(START + 15_000 * index + (number % 2) * (index % 3), valueOf(index));
    }
    samples.pushStale(START + 9_000_000);
    const histograms = [
      { timestamp: START, histogram: HISTOGRAM },
      { timestamp: START + 15_000, histogram: undefined },
    ];
    const pairs = ['__name__', name, 'job', 'gölden', 'n', String(number)];
    return { pairs, samples, histograms: number === 0 ? histograms : [] };
  });
  const odd = new SampleColumns();
  odd.push(START, -0);
  odd.push(START + 1, Infinity);
  odd.push(START + 2, 1);
  odd.pushStale(START + 3);
  return [...series, { pairs: ['__name__', 'odd'], samples: odd, histograms: [] }];
}
