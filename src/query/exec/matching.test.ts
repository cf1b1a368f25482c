import { expect, test } from 'vitest';
import { MemoryQueryable } from '../../../test/support/memory-queryable.ts';
import { parseMetricSelector } from '../parse/index.ts';
import { Labels } from '../../model/index.ts';
import { createEngine } from '../engine.ts';

/** Series as texts with their values at steps 0, 1, …, `undefined` for none. */
function storeOf(series: Readonly<Record<string, readonly (number | undefined)[]>>) {
  const queryable = new MemoryQueryable();
  for (const [text, values] of Object.entries(series)) {
    const pairs = parseMetricSelector(text).flatMap(({ name, value }) => [name, value]);
    const samples = values.map((value, step) => ({
      timestamp: step * 600_000,
      value: value ?? ('stale' as const),
    }));
    queryable.add(Labels.fromPairs(pairs), samples);
  }
  return createEngine({ queryable });
}

async function answer(engine: ReturnType<typeof storeOf>, query: string): Promise<unknown> {
  const { value } = await engine.range(query, { startMs: 0, endMs: 600_000, stepMs: 600_000 });
  if (value.kind !== 'matrix') throw new Error('no matrix');
  return Object.fromEntries(
    value.series.map(({ labels, timestamps, values }) => [
      labels.toString(),
      Object.fromEntries(Array.from(timestamps, (time, index) => [time / 600_000, values[index]])),
    ]),
  );
}

const ENGINE = storeOf({
  'l{a="1",x="p"}': [1, 2],
  'l{a="2",x="p"}': [3, undefined],
  'r{a="1",y="q"}': [10, 20],
  'r{a="2",y="q"}': [undefined, 40],
  'm{a="1",z="s"}': [5, undefined],
  'm{a="1",z="t"}': [undefined, 7],
});

test('one to one', async () => {
  expect(await answer(ENGINE, 'l + on(a) r')).toEqual({ '{a="1"}': { 0: 11, 1: 22 } });
  expect(await answer(ENGINE, 'l + ignoring(x, y) r')).toEqual({ '{a="1"}': { 0: 11, 1: 22 } });
  expect(await answer(ENGINE, 'l < on(a) r')).toEqual({ '{a="1"}': { 0: 1, 1: 2 } });
  expect(await answer(ENGINE, 'l < ignoring(x, y) r')).toEqual({ 'l{a="1"}': { 0: 1, 1: 2 } });
  expect(await answer(ENGINE, 'l > bool on(a) r')).toEqual({ '{a="1"}': { 0: 0, 1: 0 } });
});

test('partners may change from step to step', async () => {
  expect(await answer(ENGINE, 'l{a="1"} + on(a) m')).toEqual({ '{a="1"}': { 0: 6, 1: 9 } });
  expect(await answer(ENGINE, 'l + on(a) group_left(z) m')).toEqual({
    '{a="1", x="p", z="s"}': { 0: 6 },
    '{a="1", x="p", z="t"}': { 1: 9 },
  });
});

test('many to one, and its mirror', async () => {
  const want = { '{a="1", y="q"}': { 0: 11, 1: 22 } };
  expect(await answer(ENGINE, 'r + on(a) group_left l')).toEqual(want);
  expect(await answer(ENGINE, 'l + on(a) group_right r')).toEqual(want);
});

test('missing sides may be filled', async () => {
  expect(await answer(ENGINE, 'l + on(a) fill(0) r')).toEqual({
    '{a="1"}': { 0: 11, 1: 22 },
    '{a="2"}': { 0: 3, 1: 40 },
  });
  expect(await answer(ENGINE, 'l + on(a) fill_left(100) r')).toEqual({
    '{a="1"}': { 0: 11, 1: 22 },
    '{a="2"}': { 1: 140 },
  });
});

test('ambiguous matches are errors', async () => {
  // Nothing on the left, so nothing that could be ambiguous.
  await expect(answer(ENGINE, 'none + on() l')).resolves.toEqual({});
  await expect(answer(ENGINE, 'r + on() l')).rejects.toThrow(
    'found duplicate series for the match group {} on the right hand-side of the operation: ' +
      '[{__name__="l", a="1", x="p"}, {__name__="l", a="2", x="p"}]' +
      ';many-to-many matching not allowed: matching labels must be unique on one side',
  );
  await expect(answer(ENGINE, 'l + on() m')).rejects.toThrow(
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  );
  await expect(answer(ENGINE, 'l + on() group_left(a) m')).rejects.toThrow(
    'multiple matches for labels: grouping labels must ensure unique matches',
  );
});

test('set operators decide at every step', async () => {
  expect(await answer(ENGINE, 'l and on(a) r')).toEqual({ 'l{a="1", x="p"}': { 0: 1, 1: 2 } });
  expect(await answer(ENGINE, 'l unless on(a) r')).toEqual({ 'l{a="2", x="p"}': { 0: 3 } });
  expect(await answer(ENGINE, 'l{a="2"} or on(a) r')).toEqual({
    'l{a="2", x="p"}': { 0: 3 },
    'r{a="1", y="q"}': { 0: 10, 1: 20 },
    'r{a="2", y="q"}': { 1: 40 },
  });
});

test('a comparison does not win back a name that is lost', async () => {
  expect(await answer(ENGINE, 'abs(l) < on (a) group_left () r')).toEqual({
    '{a="1", x="p"}': { 0: 1, 1: 2 },
  });
});

test('an `or` keeps apart what has lost its name and what has not', async () => {
  const engine = storeOf({ 'g{a="1"}': [1, 2] });
  // At the first step the left side has the element, at the second the right.
  expect(await answer(engine, '(g + 1 < 3) or g')).toEqual({
    '{a="1"}': { 0: 2 },
    'g{a="1"}': { 1: 2 },
  });
});
