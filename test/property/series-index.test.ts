import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MemoryKind, Slab, SlabReader } from '../../src/kernel/index.ts';
import { connectKernelReader } from '../../src/kernel/index.ts';
import type { MatchType } from '../../src/model/index.ts';
import { createMatcher, Labels } from '../../src/model/index.ts';
import { SeriesIndexReader } from '../../src/storage/index/series-index-reader.ts';
import { SeriesIndexWriter } from '../../src/storage/index/series-index-writer.ts';
import { testKernel } from '../support/kernel-guard.ts';
import { SeparateSlab } from '../support/separate-slab.ts';

const NAMES = ['__name__', 'a', 'b', 'ünï'];
const VALUES = ['', 'x', 'xy', 'y1', 'ö', 'a value of more than twenty-four bytes'];
const PATTERNS = [...VALUES, 'x|y1', 'x.*', '.+', '.*', 'y1|', 'x.?', '[^x].*'];
const TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~'];
/** More than a short list holds. */
const MANY = 300;

type Step =
  | { readonly kind: 'add'; readonly ref: number; readonly values: number[]; readonly own: number }
  | { readonly kind: 'add-many'; readonly values: number[] }
  | { readonly kind: 'remove'; readonly every: number; readonly from: number }
  | { readonly kind: 'read'; readonly matchers: Choice[] }
  | { readonly kind: 'end-read' }
  | { readonly kind: 'reclaim' }
  | { readonly kind: 'select'; readonly matchers: Choice[] };
type Choice = readonly [type: number, name: number, pattern: number];

const values = fc.array(fc.nat({ max: VALUES.length - 1 }), { minLength: 4, maxLength: 4 });
const matchers = fc.array(
  fc.tuple(
    fc.nat({ max: TYPES.length - 1 }),
    fc.nat({ max: NAMES.length }),
    fc.nat({ max: PATTERNS.length - 1 }),
  ),
  { maxLength: 3 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      ref: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 0xffff_fffe })),
      values,
      own: fc.nat({ max: 8 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add-many' as const), values }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      every: fc.integer({ min: 1, max: 40 }),
      from: fc.nat({ max: 40 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), matchers }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'end-read' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'reclaim' }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('select' as const), matchers }) },
);

interface Read {
  readonly sets: Uint32Array;
  readonly want: readonly string[];
  readonly end: () => void;
}

interface Memory {
  readonly slab: Slab;
  readonly readerSlab: SlabReader;
  /** Returns what ends the read. */
  beginRead(): () => void;
  reclaim(): void;
  bytesUsed(kind: MemoryKind): number;
}

function separateMemory(): Memory {
  const slab = new SeparateSlab();
  return {
    slab,
    readerSlab: slab.reader(),
    beginRead: () => slab.beginRead(),
    reclaim: () => slab.reclaim(),
    bytesUsed: (kind) => slab.bytesUsed(kind),
  };
}

function kernelMemory(): Memory {
  const kernel = testKernel();
  return {
    slab: kernel.slab(),
    readerSlab: connectKernelReader(kernel.openReader()).slab(),
    beginRead() {
      const handle = kernel.openReader();
      const reader = connectKernelReader(handle);
      reader.begin();
      return () => {
        reader.close();
        kernel.closeReader(handle.readerAddress);
      };
    },
    reclaim: () => kernel.reclaim(),
    bytesUsed: (kind) => kernel.stats().bytesByKind[kind],
  };
}

/** Does the same to an index and to a map. */
class Pair {
  readonly memory: Memory;
  readonly writer: SeriesIndexWriter;
  readonly reader: SeriesIndexReader;
  readonly known = new Map<number, Labels>();
  readonly refs = new Map<string, number>();
  readonly used = new Set<number>();
  readonly reads: Read[] = [];
  newest = 10_000;

  constructor(memory: Memory) {
    this.memory = memory;
    this.writer = new SeriesIndexWriter(memory.slab);
    this.reader = new SeriesIndexReader(memory.readerSlab);
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'add':
        this.add(step.ref, step.values, step.own);
        break;
      case 'add-many':
        for (let own = 0; own < MANY; own++) this.add(this.newest + 1, step.values, own + 10);
        break;
      case 'remove':
        this.remove([...this.known.keys()].filter((_, at) => at % step.every === step.from));
        break;
      case 'read':
        this.beginRead(step.matchers.map(matcherOf));
        break;
      case 'end-read':
        this.endRead();
        break;
      case 'reclaim':
        this.memory.reclaim();
        break;
      case 'select':
        this.checkSelect(step.matchers);
        break;
    }
  }

  add(ref: number, values: readonly number[], own: number): void {
    const pairs = NAMES.flatMap((name, at) => [name, VALUES[values[at] ?? 0] ?? '']);
    const labels = Labels.fromPairs([...pairs, 'own', own === 0 ? '' : `${own}`]);
    const known = this.refs.get(labels.key);
    assert.equal(this.writer.find(labels), known ?? 0);
    // A ref is never given to a second series.
    if (this.used.has(ref)) return;
    assert.equal(this.writer.enter(ref, labels), known ?? ref);
    if (known !== undefined) return;
    this.newest = Math.max(this.newest, ref < 0xf000_0000 ? ref : 0);
    this.known.set(ref, labels);
    this.refs.set(labels.key, ref);
    this.used.add(ref);
    assert.equal(this.writer.find(labels), ref);
  }

  remove(refs: readonly number[]): void {
    this.writer.remove(refs);
    for (const ref of refs) {
      const labels = this.known.get(ref) ?? Labels.EMPTY;
      assert.equal(this.writer.find(labels), 0);
      this.known.delete(ref);
      this.refs.delete(labels.key);
    }
    assert.equal(this.writer.size, this.known.size);
  }

  beginRead(matchers: ReturnType<typeof createMatcher>[]): void {
    const end = this.memory.beginRead();
    const refs = this.reader.select(matchers);
    const want = Array.from(refs, (ref) => this.known.get(ref)?.toString() ?? 'gone');
    this.reads.push({ sets: this.reader.setsOf(refs), want, end });
  }

  /** What a read found is as it was, whatever was done meanwhile. */
  endRead(): void {
    const read = this.reads.shift();
    if (read === undefined) return;
    const found = Array.from(read.sets, (set) => this.reader.labelsOfSet(set).toString());
    assert.deepEqual(found, read.want);
    const { texts, offsets, textIds } = this.reader.collect(read.sets);
    const collected = Array.from(read.sets, (_set, at) =>
      Labels.fromPairs(
        Array.from(textIds.slice(offsets[at], offsets[at + 1]), (id) => texts[id] ?? ''),
      ).toString(),
    );
    assert.deepEqual(collected, read.want);
    read.end();
  }

  checkSelect(choices: readonly Choice[]): void {
    const matchers = choices.map(matcherOf);
    const want = [...this.known]
      .filter(([, labels]) => matchers.every((each) => each.matches(labels.get(each.name))))
      .map(([ref]) => ref)
      .sort((a, b) => a - b);
    assert.deepEqual([...this.reader.select(matchers)], want);
    assert.deepEqual(this.reader.select(matchers), this.writer.reader.select(matchers));
  }

  /** Every pair that a series has is counted, listed and nothing else is. */
  checkPairs(): void {
    const want = new Map<string, number[]>();
    for (const [ref, labels] of [...this.known].sort(([a], [b]) => a - b)) {
      for (const [name, value] of labels) {
        const key = `${name}=${value}`;
        want.set(key, [...(want.get(key) ?? []), ref]);
      }
    }
    const found = new Map<string, number[]>();
    for (const name of this.reader.names()) {
      for (const value of this.reader.values(name)) {
        found.set(`${name}=${value.text}`, [...value.refs()]);
      }
    }
    assert.deepEqual(found, want);
    assert.equal(this.writer.pairCount, want.size);
    const texts = new Set([...this.known.values()].flatMap((labels) => labels.pairs));
    assert.equal(this.writer.symbolCount, texts.size);
  }
}

function matcherOf([type, name, pattern]: Choice): ReturnType<typeof createMatcher> {
  return createMatcher(TYPES[type] ?? '=', NAMES[name] ?? 'own', PATTERNS[pattern] ?? '');
}

/** The same series again, far from its ref: no room may be kept for it. */
const AGAIN_FAR_AWAY: Step[] = [1, 3_000_000_000].map((ref) => {
  return { kind: 'add', ref, values: [1, 1, 1, 1], own: 1 };
});

test.each([
  ['separate memory', separateMemory],
  ['the kernel', kernelMemory],
])('in %s an index answers as a map of series would, and leaves nothing behind', (_, open) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const pair = new Pair(open());
      const { memory } = pair;
      for (const each of steps) pair.run(each);
      pair.checkPairs();
      while (pair.reads.length > 0) pair.endRead();
      pair.remove([...pair.known.keys()]);
      pair.checkPairs();
      memory.reclaim();
      expect(memory.bytesUsed('symbols')).toBe(0);
      expect(memory.bytesUsed('postings')).toBe(0);
      // The upper level of the directory alone.
      expect(memory.bytesUsed('label_sets')).toBe(4 * 4096);
    }),
    { numRuns: 40, endOnFailure: true, examples: [[AGAIN_FAR_AWAY]] },
  );
});
