import { describe, expect, it } from 'vitest';
import { SeparateSlab } from '../../../test/support/separate-slab.ts';
import { testKernel } from '../../../test/support/kernel-guard.ts';
import { KernelMemoryError } from '../../kernel/index.ts';
import type { Slab } from '../../kernel/index.ts';
import { createMatcher, Labels } from '../../model/index.ts';
import { SeriesIndexReader } from './series-index-reader.ts';
import { SeriesIndexWriter } from './series-index-writer.ts';

const SLABS: readonly [string, () => Slab][] = [
  ['separate memory', () => new SeparateSlab()],
  ['the kernel', () => testKernel().slab()],
];

const SEVERAL = [
  { __name__: 'm', a: '1' },
  { __name__: 'm', a: '2', b: 'x' },
  { __name__: 'm', a: '10', b: 'xy' },
  { __name__: 'm', b: 'x' },
  { __name__: 'other', a: '1', b: '' },
  { a: '1' },
  { __name__: 'm', ünï: '日本\u{1f600}' },
  { __name__: 'm', a: '|' },
  {},
].map((each) => Labels.fromObject(each));

describe.each(SLABS)('label index in %s', (_, openSlab) => {
  function filled(): { writer: SeriesIndexWriter; reader: SeriesIndexReader } {
    const slab = openSlab();
    const writer = new SeriesIndexWriter(slab);
    for (const [at, labels] of SEVERAL.entries()) writer.enter(at + 1, labels);
    return { writer, reader: new SeriesIndexReader(slab) };
  }

  it('finds a series by its labels and labels by the series', () => {
    const { writer, reader } = filled();
    expect(writer.size).toBe(SEVERAL.length);
    for (const [at, labels] of SEVERAL.entries()) {
      expect(writer.find(labels)).toBe(at + 1);
      expect(reader.labels(at + 1).toString()).toBe(labels.toString());
      expect(Array.from(reader.symbolIds(at + 1), (id) => reader.text(id))).toEqual(labels.pairs);
      expect(reader.valueOf(at + 1, 'a')).toBe(labels.get('a'));
    }
    expect(writer.find(Labels.fromObject({ a: '3' }))).toBe(0);
    expect(writer.find(Labels.fromObject({ a: '1', b: 'x' }))).toBe(0);
    expect(reader.labels(77)).toBe(Labels.EMPTY);
  });

  it('selects by every kind of matcher as testing each series would', () => {
    const { reader } = filled();
    const values = ['', '1', '2', '10', 'x', '1|10', '1|', '1.*', '.*', '.+', '[^1]', 'x.?', '^$'];
    const names = ['a', 'b', '__name__', 'nowhere', 'ünï'];
    const all = names.flatMap((name) =>
      values.flatMap((value) =>
        (['=', '!=', '=~', '!~'] as const).map((type) => createMatcher(type, name, value)),
      ),
    );
    for (const [index, matcher] of all.entries()) {
      const other = all[(index * 53 + 7) % all.length]!;
      for (const matchers of [[matcher], [matcher, other], [createMatcher('=', 'a', '1'), other]]) {
        const want = [...SEVERAL.entries()]
          .filter(([, labels]) => matchers.every((each) => each.matches(labels.get(each.name))))
          .map(([at]) => at + 1);
        const shown = matchers.map(({ name, type, value }) => `${name}${type}"${value}"`);
        expect([shown, [...reader.select(matchers)]]).toEqual([shown, want]);
      }
    }
  });

  it('unites selections, each series once', () => {
    const { reader } = filled();
    const lists = [[createMatcher('=', 'a', '2')], [createMatcher('=', '__name__', 'm')]];
    expect([...reader.union(lists)]).toEqual([1, 2, 3, 4, 7, 8]);
    expect([...reader.union([])]).toEqual(SEVERAL.map((_labels, at) => at + 1));
  });

  it('tells names and values, and who has them', () => {
    const { writer, reader } = filled();
    expect(reader.names().sort()).toEqual(['__name__', 'a', 'b', 'ünï']);
    const values = () =>
      [...reader.values('a')].map((value) => `${value.text}: ${value.refs().join()}`).sort();
    expect(values()).toEqual(['10: 3', '1: 1,5,6', '2: 2', '|: 8']);
    const ones = [...reader.values('a')].find(({ text }) => text === '1')!;
    expect([ones.some((ref) => ref === 6), ones.some((ref) => ref === 7)]).toEqual([true, false]);
    writer.remove([3, 5, 7, 99]);
    expect(values()).toEqual(['1: 1,6', '2: 2', '|: 8']);
    expect(reader.names().sort()).toEqual(['__name__', 'a', 'b']);
    expect([writer.size, writer.pairCount, writer.symbolCount]).toEqual([6, 5, 8]);
  });

  it('collects the labels of many series, each text once', () => {
    const { writer, reader } = filled();
    for (let ref = 100; ref < 2100; ref++) {
      writer.enter(ref, Labels.fromObject({ __name__: 'm', a: '1', n: `${ref}` }));
    }
    const refs = Uint32Array.of(...reader.select([]), 5000);
    const { texts, offsets, textIds } = reader.collect(reader.setsOf(refs));
    expect(new Set(texts).size).toBe(texts.length);
    for (const [at, ref] of refs.entries()) {
      const pairs = Array.from(textIds.slice(offsets[at], offsets[at + 1]), (id) => texts[id]);
      expect(pairs).toEqual(reader.pairs(ref));
    }
  });

  it('keeps refs ascending in whatever order they come', () => {
    const slab = openSlab();
    const writer = new SeriesIndexWriter(slab);
    const refs = Array.from({ length: 1500 }, (_each, at) => 1 + ((at * 7919) % 1500) * 300);
    for (const ref of refs) writer.enter(ref, Labels.fromObject({ all: 'yes', n: `${ref}` }));
    const want = refs.toSorted((a, b) => a - b);
    expect([...writer.reader.select([createMatcher('=', 'all', 'yes')])]).toEqual(want);
    expect([...writer.reader.select([])]).toEqual(want);
    const paged = [...writer.refs()].flatMap((page) => [...page]);
    expect(paged).toEqual(want);
  });

  it('keeps a period for each series', () => {
    const { writer } = filled();
    writer.touch(2, 65_535);
    writer.touch(3, 70_000);
    writer.touch(4000, 5);
    expect([1, 2, 3].map((ref) => writer.period(ref))).toEqual([0, 65_535, 70_000 - 65_536]);
  });

  it('holds texts and label sets of any size', () => {
    const { writer, reader } = filled();
    const long = Labels.fromObject({ ['n'.repeat(40_000)]: 'ö'.repeat(70_000) });
    const many = Labels.fromEntries(Array.from({ length: 700 }, (_each, at) => [`n${at}`, 'v']));
    writer.enter(50, long);
    writer.enter(51, many);
    expect([writer.find(long), writer.find(many)]).toEqual([50, 51]);
    expect(reader.labels(50).equals(long)).toBe(true);
    expect(reader.labels(51).equals(many)).toBe(true);
    writer.remove([50, 51]);
    expect([writer.find(long), writer.find(many)]).toEqual([0, 0]);
  });
});

describe('a full slab', () => {
  it('leaves the index as it was, whichever allocation fails', () => {
    for (let allowed = 0; ; allowed++) {
      const slab = new SeparateSlab();
      const writer = new SeriesIndexWriter(slab);
      for (let ref = 1; ref <= 254; ref++) {
        writer.enter(ref, Labels.fromObject({ all: 'yes', n: `${ref}` }));
      }
      const before = slab.bytesUsed();
      const labels = Labels.fromObject({ all: 'yes', fresh: 'one', n: 'new', z: 'z' });
      slab.allocationsLeft = allowed;
      let failed = false;
      try {
        writer.enter(1_000_000, labels);
      } catch (error) {
        expect(error).toBeInstanceOf(KernelMemoryError);
        failed = true;
      }
      slab.allocationsLeft = Infinity;
      expect(writer.size).toBe(failed ? 254 : 255);
      expect([...writer.reader.select([createMatcher('!=', 'all', '')])].length).toBe(writer.size);
      if (!failed) return;
      writer.remove([]);
      slab.reclaim();
      expect(writer.find(labels)).toBe(0);
      expect([writer.pairCount, writer.symbolCount]).toEqual([255, 257]);
      // The directory may keep room for the ref, and lists room for one more.
      expect(slab.bytesUsed() - before).toBeLessThan(40_000);
      writer.enter(1_000_000, labels);
      expect(writer.find(labels)).toBe(1_000_000);
    }
  });

  it('removes series even where shorter lists find no room', () => {
    const slab = new SeparateSlab();
    const writer = new SeriesIndexWriter(slab);
    for (let ref = 1; ref <= 2000; ref++) {
      writer.enter(ref, Labels.fromObject({ all: 'yes', n: `${ref % 900}`, own: `${ref}` }));
    }
    slab.allocationsLeft = 0;
    writer.remove(Array.from({ length: 1000 }, (_, at) => 2 * at + 1));
    expect([...writer.reader.select([createMatcher('=', 'all', 'yes')])].length).toBe(1000);
    expect(writer.reader.select([createMatcher('=~', 'own', '.*1')]).length).toBe(0);
    slab.allocationsLeft = Infinity;
    writer.remove([]);
    const [all] = writer.reader.values('all');
    expect(all!.refs().length).toBe(1000);
    expect(writer.pairCount).toBe(1 + 450 + 1000);
    slab.reclaim();
    writer.enter(3001, Labels.fromObject({ all: 'yes', own: '1' }));
    expect([...writer.reader.select([createMatcher('=', 'own', '1')])]).toEqual([3001]);
  });
});
