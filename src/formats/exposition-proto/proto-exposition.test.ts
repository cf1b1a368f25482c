import { expect, test } from 'vitest';
import { type FamilyMessage, familiesBody } from '../../../test/support/metric-families.ts';
import { decodeIdentity, unescapeHelp } from '../exposition/identity.ts';
import { ProtoExposition } from './proto-exposition.ts';

function read(families: readonly FamilyMessage[]): ProtoExposition {
  return new ProtoExposition(familiesBody(families), { maxTextBytes: 1 << 20 });
}

test('visitors find series, names and texts as text would have them', () => {
  const odd = 'a "b"\\\n…';
  const exposition = read([
    {
      name: 'my.gauge',
      type: 'GAUGE',
      help: odd,
      unit: 'bytes',
      metric: [{ label: [{ name: 'l x', value: odd }], gauge: { value: 1.5 }, timestamp_ms: 9 }],
    },
    {
      name: 'h',
      type: 'HISTOGRAM',
      metric: [
        {
          label: [{ name: 'empty', value: '' }],
          histogram: {
            sample_count: 1,
            zero_count: 1,
            bucket: [{ upper_bound: Infinity, cumulative_count: 1, exemplar: { value: 3 } }],
            exemplars: [{ value: 4 }],
          },
        },
      ],
    },
  ]);
  const { bytes } = exposition;
  const found: unknown[] = [];
  const text = (start: number, end: number): string => unescapeHelp(bytes, start, end);
  const name = (start: number, end: number): string =>
    unescapeHelp(bytes, start, end, 'openmetrics');
  exposition.scan({
    type: (start, end, type) => found.push(['type', name(start, end), type]),
    help: (start, end, from, to) => found.push(['help', name(start, end), text(from, to)]),
    unit: (start, end, from, to) => found.push(['unit', name(start, end), text(from, to)]),
    sample: (start, end, value, time) =>
      found.push([decodeIdentity(bytes, start, end).toObject(), value, time]),
    exemplar: ({ value }) => found.push(['exemplar', value]),
    nativeHistogram: (start, end, histogram, time) =>
      found.push([decodeIdentity(bytes, start, end).toObject(), histogram.zeroCount, time]),
  });
  expect(found).toEqual([
    ['type', 'my.gauge', 'gauge'],
    ['help', 'my.gauge', odd],
    ['unit', 'my.gauge', 'bytes'],
    [{ __name__: 'my.gauge', 'l x': odd }, 1.5, 9],
    ['type', 'h', 'histogram'],
    [{ __name__: 'h_bucket', le: '+Inf' }, 1, NaN],
    ['exemplar', 3],
    [{ __name__: 'h_sum' }, 0, NaN],
    [{ __name__: 'h_count' }, 1, NaN],
    [{ __name__: 'h' }, 1, NaN],
    ['exemplar', 4],
  ]);
  exposition.validate();
});

test('a series that comes twice is refused, at one time', () => {
  const twice = (timestamps: readonly [number, number]): ProtoExposition =>
    read([
      { name: 'first', type: 'GAUGE', metric: [{ gauge: {} }] },
      {
        name: 'g',
        type: 'GAUGE',
        metric: timestamps.map((timestamp_ms) => ({ gauge: {}, timestamp_ms })),
      },
    ]);
  expect(() => twice([1, 1]).validate()).toThrow(/at byte 14: series "g" a second time/);
  expect(() => twice([1, 2]).validate()).not.toThrow();
});
