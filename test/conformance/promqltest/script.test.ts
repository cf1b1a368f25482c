import { describe, expect, test } from 'vitest';
import { Labels } from '../../../src/model/index.ts';
import { ConformanceFailure } from '../area.ts';
import { atVariants } from './at-variants.ts';
import { almostEqual, histogramsMatch } from './compare-histograms.ts';
import { customBucketSeries } from './custom-buckets.ts';
import { parseHistogram } from './histogram-notation.ts';
import { addHistograms } from './histogram-sum.ts';
import { ResetHints } from './reset-hints.ts';
import { ScriptRun } from './run-script.ts';
import { parseScript, ScriptError } from './script.ts';
import type { Evaluate, ScriptValue } from './script-engine.ts';
import { type HistogramPoint, parseSeriesLine } from './series-notation.ts';
import { parseStartOffsets } from './start-offsets.ts';

describe('series lines', () => {
  const check = (line: string, labels: string, ...points: unknown[]): void => {
    test(line, () => {
      const parsed = parseSeriesLine(line);
      expect(parsed.labels.toString()).toBe(labels);
      expect(parsed.points).toEqual(points);
    });
  };
  check('up 1 2', 'up', 1, 2);
  check('up{a="b c", d="}"} 1+2x3', 'up{a="b c", d="}"}', 1, 3, 5, 7);
  check('{} 1-2x2', '{}', 1, -1, -3);
  check('m 3x2 _ _x2 stale', 'm', 3, 3, 3, undefined, undefined, undefined, 'stale');
  check('m NaN Inf -inf 1e3 .5 -1.5', 'm', NaN, Infinity, -Infinity, 1000, 0.5, -1.5);
  check('{"a.b"} 1', 'a.b', 1);

  test('histograms', () => {
    const { points } = parseSeriesLine('h {{count:1 sum:2 buckets:[1]}}+{{count:1 buckets:[1]}}x1');
    const found = points as HistogramPoint[];
    expect(found.map(({ histogram }) => histogram.count)).toEqual([1, 2]);
    expect(found[1]?.histogram.positiveBuckets).toEqual([2]);
    expect(found[0]?.hasHint).toBe(false);
  });

  test('what is no point', () => {
    expect(() => parseSeriesLine('up 1 oops')).toThrow('not a point: "oops"');
    expect(() => parseSeriesLine('up{a=~"b"} 1')).toThrow('a series is named with =');
  });
});

test('start offsets', () => {
  expect(parseStartOffsets('_ -30s-1mx1 0 1msx1 _x2')).toEqual([
    undefined,
    -30_000,
    -90_000,
    0,
    1,
    1,
    undefined,
    undefined,
  ]);
});

describe('histograms', () => {
  const histogram = (text: string): HistogramPoint => parseHistogram(text);

  test('add up at the coarser resolution', () => {
    const fine = histogram('schema:1 count:4 buckets:[1 1 1 1]').histogram;
    const coarse = histogram('schema:0 count:1 buckets:[1] offset:1').histogram;
    const sum = addHistograms(fine, coarse, 1);
    // Fine buckets 0..3 are coarse 0, 1, 1, 2.
    expect(sum).toMatchObject({ schema: 0, count: 5, positiveBuckets: [1, 3, 1] });
  });

  test('match without empty buckets, and with the hint that is named', () => {
    const wanted = histogram('count:2 buckets:[1 0 1]');
    const same = histogram('count:2.0000001 buckets:[0 1 0 1 0] offset:-1').histogram;
    expect(histogramsMatch(wanted, same)).toBe(true);
    expect(histogramsMatch(wanted, { ...same, counterReset: 'gauge' })).toBe(true);
    expect(histogramsMatch({ ...wanted, hasHint: true }, { ...same, counterReset: 'gauge' })).toBe(
      false,
    );
    expect(histogramsMatch(wanted, { ...same, positiveBuckets: [0, 1, 0, 2, 0] })).toBe(false);
  });

  test('are given back with the hints of a chunked store', () => {
    const hints = new ResetHints();
    const read = [
      'count:1 buckets:[1]',
      'count:2 buckets:[2]',
      'count:1 buckets:[1]',
      'count:3 buckets:[1 2]',
      'count:4 buckets:[1 3] counter_reset_hint:gauge',
      'count:5 buckets:[1 4]',
      'count:6 buckets:[1 5] counter_reset_hint:reset',
    ].map((text) => hints.next(histogram(text).histogram));
    expect(read).toEqual([
      'unknown',
      'not_reset',
      'unknown',
      'not_reset',
      'gauge',
      'unknown',
      'unknown',
    ]);
  });

  test('with custom buckets are made of classic ones', () => {
    const series = ['x_bucket{le="1"} 1', 'x_bucket{le="+Inf"} 3', 'x_sum 7', 'x_count 3'].map(
      (line) => ({ ...parseSeriesLine(line), startOffsets: undefined }),
    );
    const [made] = customBucketSeries(series);
    expect(made?.labels.toString()).toBe('x');
    expect(made?.histograms.get(0)).toMatchObject({
      schema: -53,
      count: 3,
      sum: 7,
      customValues: [1],
      positiveBuckets: [1, 2],
    });
  });
});

test('numbers are equal but for rounding', () => {
  expect(almostEqual(1, 1 + 1e-9)).toBe(true);
  expect(almostEqual(1, 1.0001)).toBe(false);
  expect(almostEqual(NaN, NaN)).toBe(true);
  expect(almostEqual(0, 1e-300)).toBe(false);
  expect(almostEqual(Infinity, -Infinity)).toBe(false);
});

test('queries with a fixed time', () => {
  expect(atVariants('rate(a[5m]) + b offset 1m', 10_000)).toEqual(
    [-100_000, 0, 2000, 10_000, 100_000].map((timeMs) => ({
      query: 'rate(a[5m] @ 10.000) + b @ 10.000 offset 1m',
      timeMs,
    })),
  );
  expect(atVariants('a @ 3 + rate(a[5m:] @ end())', 0)[0]?.query).toBe(
    'a @ 3.000 + rate(a[5m:] @ 0.000)',
  );
  expect(atVariants('time() - a', 0)).toEqual([]);
  expect(atVariants('a +', 0)).toEqual([]);
});

describe('scripts', () => {
  test('commands', () => {
    const commands = parseScript(`
      # a comment
      load_with_nhcb 5m
        a{b="c"}@st _ -1m
        a{b="c"} 1 2

      eval_ordered instant at 1m a
        expect warn msg: w
        a{b="c"} 1

      eval range from 0 to 10 step 5s 1
        2
      clear`);
    expect(commands.map(({ kind }) => kind)).toEqual(['load', 'eval', 'eval']);
    expect(commands[0]).toMatchObject({ stepMs: 300_000, withCustomBuckets: true });
    expect(commands[0]).toMatchObject({ series: [{ startOffsets: [undefined, -60_000] }] });
    expect(commands[1]).toMatchObject({
      line: 7,
      query: 'a',
      times: { kind: 'instant', timeMs: 60_000 },
      expectations: { ordered: true, warn: [{ shown: 'w' }] },
    });
    expect(commands[2]).toMatchObject({ times: { startMs: 0, endMs: 10_000, stepMs: 5000 } });
  });

  test('what is no command', () => {
    expect(() => parseScript('\noops')).toThrow(new ScriptError(2, 'no such command: oops'));
    expect(() => parseScript('load 5q')).toThrow('line 1: not a duration: "5q"');
  });
});

describe('running', () => {
  const sampleOf =
    (value: ScriptValue, warnings: string[] = []): Evaluate =>
    async (_, times) => {
      if (times.kind === 'instant') return { value, warnings, infos: [] };
      const timestamp = (times.startMs + times.endMs) / 2;
      const number = value.kind === 'scalar' ? value.value : 1;
      const series =
        value.kind === 'vector'
          ? value.series.map(({ labels }) => ({ labels, points: [{ timestamp, value: number }] }))
          : [{ labels: Labels.EMPTY, points: [{ timestamp, value: number }] }];
      return { value: { kind: 'matrix', series }, warnings, infos: [] };
    };

  async function run(script: string, evaluate: Evaluate): Promise<void> {
    const commands = parseScript(script);
    const scriptRun = new ScriptRun(commands, evaluate);
    for (const command of commands) if (command.kind === 'eval') await scriptRun.check(command);
  }

  const one: ScriptValue = {
    kind: 'vector',
    series: [{ labels: Labels.fromObject({ a: 'b' }), points: [{ timestamp: 0, value: 1 }] }],
  };

  test('passes what is as expected', async () => {
    await run('eval instant at 0 1\n  1', sampleOf({ kind: 'scalar', value: 1 }));
    await run('eval instant at 0 x\n  {a="b"} 1', sampleOf(one));
    await run('eval instant at 0 x\n  expect warn\n  {a="b"} 1', sampleOf(one, ['w']));
    await run('eval instant at 0 x\n  expect fail msg: no', () => Promise.reject(new Error('no')));
  });

  test('fails what is not', async () => {
    const fails = (script: string, evaluate: Evaluate): Promise<void> =>
      expect(run(script, evaluate)).rejects.toThrow(ConformanceFailure);
    await fails('eval instant at 0 1\n  2', sampleOf({ kind: 'scalar', value: 1 }));
    await fails('eval instant at 0 x\n  {a="b"} 2', sampleOf(one));
    await fails('eval instant at 0 x\n  {a="c"} 1', sampleOf(one));
    await fails('eval instant at 0 x', sampleOf(one));
    await fails('eval instant at 0 x\n  {a="b"} 1\n  {a="c"} 1', sampleOf(one));
    await fails('eval instant at 0 x\n  expect warn\n  {a="b"} 1', sampleOf(one));
    await fails('eval instant at 0 x\n  expect no_warn\n  {a="b"} 1', sampleOf(one, ['w']));
    await fails('eval instant at 0 x\n  expect warn msg:v\n  {a="b"} 1', sampleOf(one, ['w']));
    await fails('eval instant at 0 x\n  expect fail', sampleOf(one));
    await fails('eval instant at 0 x\n  1', () => Promise.reject(new Error('no')));
  });

  test('fails what is right at once but wrong as a step of a range', async () => {
    const evaluate: Evaluate = async (_, times) =>
      times.kind === 'instant'
        ? { value: one, warnings: [], infos: [] }
        : { value: { kind: 'matrix', series: [] }, warnings: [], infos: [] };
    await expect(run('eval instant at 0 x\n  {a="b"} 1', evaluate)).rejects.toThrow(
      /^as a step of a range\nwanted/,
    );
  });
});
