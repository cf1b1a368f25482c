import { randomFillSync } from 'node:crypto';
import type { SeriesRun, Slab } from '../../kernel/index.ts';
import type { Labels } from '../../model/index.ts';
import { DirectoryWriter } from './directory-writer.ts';
import { HashTableWriter } from './hash-table.ts';
import { IndexView } from './index-view.ts';
import {
  INDEX_ROOT_SLOT,
  L_PAIRS,
  L_REF,
  LAST_PAIR,
  LEAF_SHIFT,
  R_KEY,
  R_SERIES_COUNT,
  R_SETS,
  ROOT_WORDS,
} from './layout.ts';
import { PairWriter } from './pair-writer.ts';
import { PostingsWriter } from './postings-writer.ts';
import { SeriesIndexReader } from './series-index-reader.ts';
import { NOT_ENTERED, SlabBlocks } from './slab-views.ts';
import { WordListWriter } from './word-list-writer.ts';

/** Answer of `Slab.enterSeries`, besides the ref that has the label set and `NOT_ENTERED`. */
const ENTERED = 0;
/** Labels of a label set that the kernel enters; others are made without it. */
const KERNEL_PAIRS = 63;

/** Two random words: where hashes of texts begin, and what they are multiplied by. */
export type IndexKey = readonly [number, number];

/**
 * The label index of one slab, for the thread that writes: label sets by ref, refs by label set and
 * by label pair. Makes an empty one in a new slab; there is one index to a slab.
 *
 * What throws KernelMemoryError leaves the index as it was.
 */
export class SeriesIndexWriter {
  /** Reads on this thread, what was written so far; no epoch is needed until this thread writes. */
  readonly reader: SeriesIndexReader;
  readonly #blocks: SlabBlocks;
  readonly #view: IndexView;
  readonly #lists: WordListWriter;
  readonly #pairs: PairWriter;
  readonly #postings: PostingsWriter;
  readonly #sets: HashTableWriter;
  readonly #directory: DirectoryWriter;
  /** Pairs that have lost series, in a slab too full to make shorter lists of them. */
  #unfinished = new Map<number, readonly number[]>();
  /** The pairs of one label set; of `#foundOf` the first `#foundCount` are right. */
  #found = new Uint32Array(64);
  #foundOf: Labels | undefined;
  #foundCount = 0;
  #prepared = new Uint32Array(64);
  /** Where the kernel is told the pairs of a set; 0 where it enters none. */
  readonly #shown: number;
  readonly #root: number;

  /** @throws KernelMemoryError */
  constructor(slab: Slab, key: IndexKey = randomKey()) {
    const blocks = new SlabBlocks(slab);
    const root = blocks.allocateZeros(ROOT_WORDS, 'label_lookup');
    const at = root << 2;
    blocks.u32.set(key, at + R_KEY);
    this.#sets = new HashTableWriter(blocks, at + R_SETS, (set) => this.#view.sets.hashOf(set));
    this.#directory = new DirectoryWriter(blocks, at);
    Atomics.store(blocks.u32, slab.rootAddress(INDEX_ROOT_SLOT) / 4, root);
    this.#root = root;
    this.#shown = blocks.hasKernel ? blocks.allocate(KERNEL_PAIRS + 1, 'label_lookup') : 0;
    this.#blocks = blocks;
    this.#view = new IndexView(slab, blocks);
    this.#lists = new WordListWriter(blocks);
    this.#pairs = new PairWriter(blocks, this.#view, this.#lists);
    this.#postings = new PostingsWriter(blocks, this.#lists);
    this.reader = new SeriesIndexReader(slab, this.#view);
  }

  /** Number of series. */
  get size(): number {
    return this.#view.seriesCount;
  }

  /** Number of different label pairs. */
  get pairCount(): number {
    return this.#view.pairCount;
  }

  /** Number of different names and values. */
  get symbolCount(): number {
    return this.#view.symbolCount;
  }

  has(ref: number): boolean {
    return this.#view.directory.get(ref) !== 0;
  }

  /** The ref of the series with these labels, 0 where there is none. */
  find(labels: Labels): number {
    const texts = labels.pairs;
    const count = texts.length >>> 1;
    const found = this.#room(count);
    this.#foundOf = labels;
    for (let index = 0; index < count; index++) {
      const pair = this.#pairs.findAt(index, texts[2 * index]!, texts[2 * index + 1]!);
      this.#foundCount = index;
      if (pair === 0) return 0;
      found[index] = pair;
    }
    this.#foundCount = count;
    const set = this.#view.sets.find(found, count);
    return set === 0 ? 0 : this.#view.sets.ref(set);
  }

  /**
   * Enters a series, unless one has these labels; returns its ref, or that of the one which has
   * them. The ref (1 to 2^32 - 1) must not be in the index. Refs may come in any order; ascending
   * costs least. @throws KernelMemoryError
   */
  enter(ref: number, labels: Labels): number {
    const count = this.#locate(labels);
    const known = this.#shown === 0 ? NOT_ENTERED : this.#enterByKernel(ref, count);
    if (known === ENTERED) return ref;
    if (known !== NOT_ENTERED) return known;
    const set = this.#view.sets.find(this.#found, count);
    if (set !== 0) return this.#view.sets.ref(set);
    this.#enter(ref, count);
    return ref;
  }

  /** For series of records, to be entered by `enterRun`; undefined where there is no kernel. */
  openRun(): SeriesRun | undefined {
    return this.#blocks.openSeriesRun(this.#root);
  }

  /**
   * Enters series of a run of this index from number `from` on, and makes them in the kernel. How
   * far it came: the series of that number must be entered by `enter`, at once.
   */
  enterRun(run: SeriesRun, from: number): number {
    const room = { ...this.#pairs.room(), sets: this.#sets.room };
    const next = run.enter(from, room);
    const left = run.room();
    this.#pairs.countEntered(room.symbols - left.symbols, room.pairs - left.pairs);
    this.#sets.countEntered(room.sets - left.sets);
    this.#blocks.refresh();
    return next;
  }

  /**
   * Forgets series; what is not there is passed over. The cost is that of going through the lists
   * of all their labels once, so that many at a time cost little more than one.
   */
  remove(refs: Iterable<number>): void {
    const gone = Uint32Array.from(refs).sort();
    const sets: number[] = [];
    const pairs = new Set<number>();
    this.#foundOf = undefined;
    for (const ref of gone) {
      const set = this.#view.directory.get(ref);
      if (set === 0) continue;
      const count = this.#view.sets.read(set);
      for (let index = 0; index < count; index++) pairs.add(this.#view.sets.pairs[index]!);
      this.#sets.remove(this.#view.sets.hash(this.#view.sets.pairs, count), set);
      this.#directory.set(ref, 0);
      sets.push(set);
    }
    this.#addToCount(-sets.length);
    this.#removeFromPairs(pairs, gone);
    for (const set of sets) this.#blocks.retire(set, 'label_sets');
    let leaf = -1;
    for (const ref of gone) {
      if (ref >>> LEAF_SHIFT !== leaf) this.#directory.prune(ref);
      leaf = ref >>> LEAF_SHIFT;
    }
  }

  /** Notes the period (any number modulo 65,536) in which a series was last in use; 0 at first. */
  touch(ref: number, period: number): void {
    if (this.has(ref)) this.#directory.setPeriod(ref, period);
  }

  /** The period that was noted last; of a series that is there. */
  period(ref: number): number {
    return this.#directory.period(ref);
  }

  /** The refs of all series, ascending, at most 256 at a time; series may go between pages. */
  *refs(): IterableIterator<Uint32Array> {
    for (const leaf of this.#view.directory.leaves()) {
      const page = new Uint32Array(1 << LEAF_SHIFT);
      yield page.subarray(0, this.#view.directory.leafRefs(leaf, page, 0));
    }
  }

  /**
   * Puts the pairs of a label set into `#found`, made where there are none; returns how many. They
   * must get a ref, or be given up. @throws KernelMemoryError
   */
  #locate(labels: Labels): number {
    const texts = labels.pairs;
    const count = texts.length >>> 1;
    const found = this.#room(count);
    // Mostly `find` was just asked for the same labels.
    let done = labels === this.#foundOf ? this.#foundCount : 0;
    this.#foundOf = undefined;
    try {
      for (; done < count; done++) {
        const [name, value] = [texts[2 * done]!, texts[2 * done + 1]!];
        found[done] = this.#pairs.findOrCreateAt(done, name, value);
      }
    } catch (error) {
      this.#prepared.fill(0, 0, done);
      this.#giveUp(done, 0);
      throw error;
    }
    return count;
  }

  /** As `Slab.enterSeries`, with the first `count` pairs of `#found`. @throws KernelMemoryError */
  #enterByKernel(ref: number, count: number): number {
    if (count > KERNEL_PAIRS) return NOT_ENTERED;
    if (!this.#directory.hasRoom(ref)) {
      // Room for a series that is there already would never be given back.
      const set = this.#view.sets.find(this.#found, count);
      if (set !== 0) return this.#view.sets.ref(set);
    }
    try {
      this.#directory.reserve(ref);
      this.#sets.reserve();
    } catch (error) {
      this.#prepared.fill(0, 0, count);
      this.#giveUp(count, 0);
      throw error;
    }
    const { u32 } = this.#blocks;
    const at = (this.#shown << 2) + 1;
    for (let index = 0; index < count; index++) u32[at + index] = this.#found[index]!;
    const answer = this.#blocks.enterSeries(this.#root, this.#shown, count, ref);
    if (answer === ENTERED) this.#sets.countEntered(1);
    return answer;
  }

  /** Enters a series that is not there by the first `count` pairs of `#found`. */
  #enter(ref: number, count: number): void {
    const found = this.#found;
    const prepared = this.#prepared;
    prepared.fill(0, 0, count);
    let set = 0;
    try {
      for (let index = 0; index < count; index++) {
        prepared[index] = this.#postings.prepare(found[index]!, ref);
      }
      set = this.#blocks.allocate(L_PAIRS + Math.max(count, 1), 'label_sets');
      this.#directory.reserve(ref);
      this.#sets.reserve();
    } catch (error) {
      this.#giveUp(count, set);
      throw error;
    }
    this.#writeSet(set, ref, count);
    for (let index = 0; index < count; index++) {
      this.#postings.publish(found[index]!, ref, prepared[index]!);
    }
    this.#directory.setPeriod(ref, 0);
    this.#directory.set(ref, set);
    this.#sets.insert(this.#view.sets.hash(found, count), set);
    this.#addToCount(1);
  }

  #writeSet(set: number, ref: number, count: number): void {
    const { u32 } = this.#blocks;
    const at = set << 2;
    u32[at + L_REF] = ref;
    if (count === 0) u32[at + L_PAIRS] = LAST_PAIR;
    for (let index = 0; index < count; index++) {
      const mark = index === count - 1 ? LAST_PAIR : 0;
      u32[at + L_PAIRS + index] = this.#found[index]! + mark;
    }
  }

  /** After a failed `enter`: gives back what was prepared for the first `count` pairs. */
  #giveUp(count: number, set: number): void {
    this.#blocks.release(set, 'label_sets');
    const empty = new Set<number>();
    for (let index = 0; index < count; index++) {
      const pair = this.#found[index]!;
      this.#postings.discard(pair, this.#prepared[index]!);
      if (this.#view.pairs.postings(pair).count === 0) empty.add(pair);
    }
    for (const pair of empty) this.#unfinished.delete(pair);
    for (const pair of this.#pairs.drop([...empty])) this.#unfinished.set(pair, []);
  }

  /** Takes refs out of the lists of pairs, and drops the pairs that have none left. */
  #removeFromPairs(pairs: ReadonlySet<number>, gone: Uint32Array): void {
    const before = this.#unfinished;
    this.#unfinished = new Map();
    const dead: number[] = [];
    const removeFrom = (pair: number, refs: Uint32Array): void => {
      const left = this.#postings.remove(pair, refs);
      if (left === 0) dead.push(pair);
      else if (left === undefined) this.#unfinished.set(pair, [...refs]);
    };
    for (const pair of pairs) if (!before.has(pair)) removeFrom(pair, gone);
    for (const [pair, refs] of before) removeFrom(pair, Uint32Array.of(...refs, ...gone).sort());
    for (const pair of this.#pairs.drop(dead)) this.#unfinished.set(pair, []);
  }

  #addToCount(difference: number): void {
    this.#blocks.u32[this.#view.root + R_SERIES_COUNT]! += difference;
  }

  /** Room for the pairs of one label set. */
  #room(count: number): Uint32Array {
    if (count > this.#found.length) {
      this.#found = new Uint32Array(2 * count);
      this.#prepared = new Uint32Array(2 * count);
    }
    return this.#found;
  }
}

function randomKey(): IndexKey {
  const words = randomFillSync(new Uint32Array(2));
  return [words[0]!, words[1]!];
}
