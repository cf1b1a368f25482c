import { afterEach, expect, it } from 'vitest';
import { SeparateSlab } from '../../../test/support/separate-slab.ts';
import { createMatcher, Labels } from '../../model/index.ts';
import { IndexView } from './index-view.ts';
import { PostingsWriter } from './postings-writer.ts';
import { SeriesIndexWriter } from './series-index-writer.ts';
import { selectRefs } from './select.ts';
import { SlabBlocks } from './slab-views.ts';
import { WordListWriter } from './word-list-writer.ts';

const LABELS = Labels.fromObject({ a: 'x', b: 'y' });
const MATCHERS = [createMatcher('=', 'a', 'x'), createMatcher('!=', 'b', 'y')];
const { load } = Atomics;

afterEach(() => {
  Object.assign(Atomics, { load });
});

/** Selects while `change` happens at the atomic load number `at`; undefined where there is none. */
function selectDuring(view: IndexView, at: number, change: () => void): number[] | undefined {
  let loads = 0;
  let isDone = false;
  const counting = (array: Uint32Array, index: number): number => {
    if (loads++ === at) {
      isDone = true;
      change();
    }
    return load(array, index);
  };
  Object.assign(Atomics, { load: counting });
  const refs = [...selectRefs(view, MATCHERS)];
  Object.assign(Atomics, { load });
  return isDone ? refs : undefined;
}

function open() {
  const slab = new SeparateSlab();
  const writer = new SeriesIndexWriter(slab);
  writer.enter(1, Labels.fromObject({ a: 'x' }));
  writer.enter(2, LABELS.with('c', 'z'));
  return { slab, writer, view: new IndexView(slab.reader()) };
}

it('does not find a series that gets its labels in between', () => {
  for (let at = 0; ; at++) {
    const { slab, writer, view } = open();
    // As far as the first of its lists.
    const blocks = new SlabBlocks(slab);
    const postings = new PostingsWriter(blocks, new WordListWriter(blocks));
    const pair = view.pairs.find('a', 'x');
    postings.publish(pair, 3, postings.prepare(pair, 3));
    const refs = selectDuring(view, at, () => writer.enter(3, LABELS));
    if (refs === undefined) return;
    expect([at, refs]).toEqual([at, [1]]);
  }
});

it('does not find a series that loses its labels in between', () => {
  for (let at = 0; ; at++) {
    const { slab, writer, view } = open();
    const end = slab.beginRead();
    const refs = selectDuring(view, at, () => writer.remove([2]));
    end();
    if (refs === undefined) return;
    expect([at, refs]).toEqual([at, [1]]);
  }
});

it('finds what long lists have in common, wherever in them it lies', () => {
  const writer = new SeriesIndexWriter(new SeparateSlab());
  for (let ref = 1; ref <= 20_000; ref++) {
    const labels = { all: 'x', group: `${Math.floor(ref / 700)}`, own: `${ref}` };
    const half = ref % 2 === 0 ? { half: 'even' } : {};
    writer.enter(ref, Labels.fromObject({ ...labels, ...half }));
  }
  const select = (...matchers: [string, string][]): number[] => [
    ...writer.reader.select(matchers.map(([name, value]) => createMatcher('=', name, value))),
  ];
  for (const group of [0, 1, 7, 27, 28]) {
    const wanted = Array.from({ length: 700 }, (_, index) => group * 700 + index).filter(
      (ref) => ref > 0 && ref <= 20_000,
    );
    const even = wanted.filter((ref) => ref % 2 === 0);
    expect(select(['group', `${group}`], ['all', 'x'])).toEqual(wanted);
    expect(select(['half', 'even'], ['group', `${group}`])).toEqual(even);
    expect(select(['half', 'even'], ['group', `${group}`], ['all', 'x'])).toEqual(even);
  }
  expect(select(['half', 'even'], ['all', 'x']).length).toBe(10_000);
  writer.remove(Array.from({ length: 10_000 }, (_, index) => 2 * index + 2));
  writer.enter(20_001, Labels.fromObject({ half: 'even', late: 'y' }));
  expect(select(['half', 'even'], ['all', 'x'])).toEqual([]);
  writer.enter(20_002, Labels.fromObject({ all: 'x', half: 'even', late: 'y' }));
  expect(select(['all', 'x'], ['late', 'y'])).toEqual([20_002]);
});
