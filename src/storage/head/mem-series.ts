import type { FloatHistogram, Labels, SampleColumns } from '../../model/index.ts';
import { SampleOutcome } from '../api.ts';
import type { ChunkStore } from './chunk-store.ts';
import { CHUNK_SAMPLES_MAX, NO_CHUNK, timesAt } from './chunk-store.ts';
import { HistogramTimeline, sameHistogram } from './histogram-timeline.ts';

/**
 * One series: who it is and where its samples are. Chunks are ascending and do not overlap; none
 * is empty. Floats and histograms share one timeline: a time holds one or the other.
 */
export class MemSeries {
  readonly ref: number;
  /** Symbol ids: name, value, name, value, … in the order of the label set. */
  readonly symbolIds: readonly number[];
  readonly hash: number;
  /** The next series with the same hash. */
  nextSameHash: MemSeries | undefined = undefined;
  chunks: number[] = [];
  /** The last of `chunks`, which samples in order go to. */
  tail = NO_CHUNK;
  /** Time of the newest sample of either kind, -Infinity while there is none. */
  newest = -Infinity;
  histograms: HistogramTimeline | undefined = undefined;
  /** Maintenance period in which an appender last asked for this series. */
  usedInPeriod = 0;
  /** The label set of a series that has been dropped: its symbols may mean other texts by now. */
  droppedLabels: Labels | undefined = undefined;
  /** Other refs that a damaged log gave to the same label set. */
  aliases: number[] | undefined = undefined;

  constructor(ref: number, symbolIds: readonly number[], hash: number) {
    this.ref = ref;
    this.symbolIds = symbolIds;
    this.hash = hash;
  }

  get hasSamples(): boolean {
    return this.tail !== NO_CHUNK || this.histograms !== undefined;
  }
}

/**
 * Adds one float sample, its value taken as words `2 * index` and `2 * index + 1`. The range of
 * times that the store takes was checked before.
 */
export function appendSample(
  store: ChunkStore,
  series: MemSeries,
  timestamp: number,
  words: Uint32Array,
  index: number,
  windowMs: number,
): SampleOutcome {
  // Fast path: samples arrive in order.
  if (timestamp > series.newest) {
    pushSample(store, series, timestamp, words, index);
    series.newest = timestamp;
    return SampleOutcome.STORED;
  }
  if (timestamp < series.newest - windowMs) return SampleOutcome.OUT_OF_ORDER;
  if (series.histograms !== undefined && series.histograms.find(timestamp) >= 0) {
    return SampleOutcome.CONFLICT;
  }
  return insertSample(store, series, timestamp, words, index);
}

/** Adds a sample that is newer than every float sample of the series. */
function pushSample(
  store: ChunkStore,
  series: MemSeries,
  timestamp: number,
  words: Uint32Array,
  index: number,
): void {
  let id = series.tail;
  let page = id === NO_CHUNK ? undefined : store.page(id);
  let count = page === undefined ? 0 : store.count(id);
  if (page === undefined || count === page.capacity) {
    id = growTail(store, series, count);
    page = store.page(id);
    count = store.count(id);
  }
  const at = timesAt(id) + count;
  page.doubles[at] = timestamp;
  const word = 2 * (at + page.capacity);
  page.words[word] = words[2 * index]!;
  page.words[word + 1] = words[2 * index + 1]!;
  store.setCount(id, count + 1);
}

/** Puts float samples, ascending, into a series that has none. */
export function restoreSamples(
  store: ChunkStore,
  series: MemSeries,
  { timestamps, words, length }: SampleColumns,
): void {
  for (let from = 0; from < length; from += CHUNK_SAMPLES_MAX) {
    const to = Math.min(length, from + CHUNK_SAMPLES_MAX);
    const id = store.allocate(to - from);
    const page = store.page(id);
    const at = timesAt(id);
    page.doubles.set(timestamps.subarray(from, to), at);
    page.words.set(words.subarray(2 * from, 2 * to), 2 * (at + page.capacity));
    store.setCount(id, to - from);
    series.chunks.push(id);
    series.tail = id;
  }
  if (length > 0) series.newest = timestamps[length - 1]!;
}

/** Makes room behind the tail, which holds `count` samples and is full. Returns the new tail. */
function growTail(store: ChunkStore, series: MemSeries, count: number): number {
  if (count === 0 || count >= CHUNK_SAMPLES_MAX) {
    // A series that has filled a chunk will fill another.
    const id = store.allocate(count === 0 ? 1 : CHUNK_SAMPLES_MAX);
    series.chunks.push(id);
    series.tail = id;
    return id;
  }
  const old = series.tail;
  const id = store.allocate(count + 1);
  copySamples(store, old, 0, count, id);
  series.chunks[series.chunks.length - 1] = id;
  series.tail = id;
  store.retire(old);
  return id;
}

/** Appends samples `[from, to)` of one chunk to another, which has the room. */
function copySamples(
  store: ChunkStore,
  source: number,
  from: number,
  to: number,
  target: number,
): void {
  const sourcePage = store.page(source);
  const targetPage = store.page(target);
  const count = store.count(target);
  const sourceAt = timesAt(source);
  const targetAt = timesAt(target) + count;
  targetPage.doubles.set(sourcePage.doubles.subarray(sourceAt + from, sourceAt + to), targetAt);
  const words = sourcePage.words.subarray(
    2 * (sourceAt + sourcePage.capacity + from),
    2 * (sourceAt + sourcePage.capacity + to),
  );
  targetPage.words.set(words, 2 * (targetAt + targetPage.capacity));
  store.setCount(target, count + to - from);
}

function insertSample(
  store: ChunkStore,
  series: MemSeries,
  timestamp: number,
  words: Uint32Array,
  index: number,
): SampleOutcome {
  if (series.tail === NO_CHUNK) {
    pushSample(store, series, timestamp, words, index);
    return SampleOutcome.STORED;
  }
  const chunkIndex = chunkFor(store, series, timestamp);
  const id = series.chunks[chunkIndex]!;
  const position = lowerBound(store, id, store.count(id), timestamp);
  if (position < store.count(id)) {
    const page = store.page(id);
    const at = timesAt(id) + position;
    if (page.doubles[at] === timestamp) {
      const word = 2 * (at + page.capacity);
      const same =
        page.words[word] === words[2 * index] && page.words[word + 1] === words[2 * index + 1];
      return same ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
    }
  }
  const target = openGap(store, series, chunkIndex, position);
  const page = store.page(target.id);
  const at = timesAt(target.id) + target.position;
  page.doubles[at] = timestamp;
  page.words[2 * (at + page.capacity)] = words[2 * index]!;
  page.words[2 * (at + page.capacity) + 1] = words[2 * index + 1]!;
  return SampleOutcome.STORED;
}

/** Index of the chunk that a sample of this time belongs to: the last that begins before it. */
function chunkFor(store: ChunkStore, series: MemSeries, timestamp: number): number {
  let low = 0;
  let high = series.chunks.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const id = series.chunks[middle]!;
    if (store.page(id).doubles[timesAt(id)]! <= timestamp) low = middle;
    else high = middle;
  }
  return low;
}

/** First position at or after `time` among the first `count` samples of a chunk. */
export function lowerBound(store: ChunkStore, id: number, count: number, time: number): number {
  const doubles = store.page(id).doubles;
  const at = timesAt(id);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (doubles[at + middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Place {
  readonly id: number;
  readonly position: number;
}

/** Makes room for one sample at a position of a chunk; says where it is now. */
function openGap(
  store: ChunkStore,
  series: MemSeries,
  chunkIndex: number,
  position: number,
): Place {
  const id = series.chunks[chunkIndex]!;
  const count = store.count(id);
  if (count < store.page(id).capacity && !store.pinned) {
    shiftSamples(store, id, position, count);
    return { id, position };
  }
  if (count < CHUNK_SAMPLES_MAX) {
    const copy = store.allocate(count + 1);
    copyWithGap(store, id, { from: 0, to: count, gap: position }, copy);
    replaceChunk(store, series, chunkIndex, [copy]);
    return { id: copy, position };
  }
  // A full chunk becomes two halves, each with room for more of the same.
  const half = CHUNK_SAMPLES_MAX / 2;
  const left = store.allocate(CHUNK_SAMPLES_MAX);
  const right = store.allocate(CHUNK_SAMPLES_MAX);
  const inLeft = position <= half;
  copyWithGap(store, id, { from: 0, to: half, gap: inLeft ? position : -1 }, left);
  copyWithGap(store, id, { from: half, to: count, gap: inLeft ? -1 : position }, right);
  replaceChunk(store, series, chunkIndex, [left, right]);
  return inLeft ? { id: left, position } : { id: right, position: position - half };
}

function shiftSamples(store: ChunkStore, id: number, position: number, count: number): void {
  const { doubles, words, capacity } = store.page(id);
  const times = timesAt(id);
  doubles.copyWithin(times + position + 1, times + position, times + count);
  const values = 2 * (times + capacity);
  words.copyWithin(values + 2 * (position + 1), values + 2 * position, values + 2 * count);
  store.setCount(id, count + 1);
}

/** Copies samples `[from, to)` to an empty chunk, leaving one place free before sample `gap`. */
function copyWithGap(
  store: ChunkStore,
  source: number,
  range: { readonly from: number; readonly to: number; readonly gap: number },
  target: number,
): void {
  if (range.gap < 0) {
    copySamples(store, source, range.from, range.to, target);
    return;
  }
  copySamples(store, source, range.from, range.gap, target);
  store.setCount(target, store.count(target) + 1);
  copySamples(store, source, range.gap, range.to, target);
}

function replaceChunk(
  store: ChunkStore,
  series: MemSeries,
  chunkIndex: number,
  by: readonly number[],
): void {
  const old = series.chunks[chunkIndex]!;
  setChunks(series, series.chunks.toSpliced(chunkIndex, 1, ...by));
  store.retire(old);
}

function setChunks(series: MemSeries, chunks: number[]): void {
  series.chunks = chunks;
  series.tail = chunks.at(-1) ?? NO_CHUNK;
}

/** Adds a histogram sample (`undefined`: a staleness marker); checks as for floats. */
export function appendHistogram(
  store: ChunkStore,
  series: MemSeries,
  timestamp: number,
  histogram: FloatHistogram | undefined,
  windowMs: number,
): SampleOutcome {
  if (timestamp < series.newest - windowMs) return SampleOutcome.OUT_OF_ORDER;
  if (timestamp <= series.newest) {
    const index = series.histograms?.find(timestamp) ?? -1;
    if (index >= 0) {
      const same = sameHistogram(series.histograms?.at(index), histogram);
      return same ? SampleOutcome.DUPLICATE : SampleOutcome.CONFLICT;
    }
    if (hasFloatAt(store, series, timestamp)) return SampleOutcome.CONFLICT;
  }
  series.histograms ??= new HistogramTimeline();
  series.histograms.insert(timestamp, histogram);
  if (timestamp > series.newest) series.newest = timestamp;
  return SampleOutcome.STORED;
}

function hasFloatAt(store: ChunkStore, series: MemSeries, timestamp: number): boolean {
  if (series.tail === NO_CHUNK) return false;
  const id = series.chunks[chunkFor(store, series, timestamp)]!;
  const position = lowerBound(store, id, store.count(id), timestamp);
  return position < store.count(id) && store.page(id).doubles[timesAt(id) + position] === timestamp;
}

/** Removes the samples of both kinds within the times; returns how many there were. */
export function removeSamples(
  store: ChunkStore,
  series: MemSeries,
  minTime: number,
  maxTime: number,
): number {
  let removed = removeHistograms(series, minTime, maxTime);
  const kept: number[] = [];
  for (const id of series.chunks) {
    const count = store.count(id);
    const from = lowerBound(store, id, count, minTime);
    const to = upperBound(store, id, count, maxTime);
    if (from >= to) {
      kept.push(id);
      continue;
    }
    removed += to - from;
    if (count > to - from) {
      const rest = store.allocate(count - (to - from));
      copySamples(store, id, 0, from, rest);
      copySamples(store, id, to, count, rest);
      kept.push(rest);
    }
    store.retire(id);
  }
  const last = kept.at(-1);
  if (last !== undefined && last !== series.tail && store.pinned) {
    // A reader that captured it further up reads it to its end, and samples to come go there.
    const count = store.count(last);
    const copy = store.allocate(count);
    copySamples(store, last, 0, count, copy);
    store.retire(last);
    kept[kept.length - 1] = copy;
  }
  setChunks(series, kept);
  refreshNewest(store, series);
  return removed;
}

/** Drops chunks that lie before `minTime` altogether; returns how many samples they held. */
export function dropChunksBefore(store: ChunkStore, series: MemSeries, minTime: number): number {
  let removed = removeHistograms(series, -Infinity, minTime - 1);
  let dropped = 0;
  while (dropped < series.chunks.length && lastTime(store, series.chunks[dropped]!) < minTime) {
    const id = series.chunks[dropped]!;
    removed += store.count(id);
    store.retire(id);
    dropped++;
  }
  if (dropped > 0) setChunks(series, series.chunks.slice(dropped));
  if (removed > 0) refreshNewest(store, series);
  return removed;
}

/** Drops every sample before `minTime`; returns how many there were. */
export function dropSamplesBefore(store: ChunkStore, series: MemSeries, minTime: number): number {
  let removed = dropChunksBefore(store, series, minTime);
  const first = series.chunks[0];
  if (first === undefined) return removed;
  const count = store.count(first);
  const from = lowerBound(store, first, count, minTime);
  if (from === 0) return removed;
  const rest = store.allocate(count - from);
  copySamples(store, first, from, count, rest);
  replaceChunk(store, series, 0, [rest]);
  removed += from;
  return removed;
}

function removeHistograms(series: MemSeries, minTime: number, maxTime: number): number {
  const timeline = series.histograms;
  if (timeline === undefined) return 0;
  const removed = timeline.remove(minTime, maxTime);
  if (timeline.length === 0) series.histograms = undefined;
  return removed;
}

function refreshNewest(store: ChunkStore, series: MemSeries): void {
  const float = series.tail === NO_CHUNK ? -Infinity : lastTime(store, series.tail);
  series.newest = Math.max(float, series.histograms?.newest ?? -Infinity);
}

function upperBound(store: ChunkStore, id: number, count: number, time: number): number {
  const doubles = store.page(id).doubles;
  const at = timesAt(id);
  let position = lowerBound(store, id, count, time);
  while (position < count && doubles[at + position]! <= time) position++;
  return position;
}

function lastTime(store: ChunkStore, id: number): number {
  return store.page(id).doubles[timesAt(id) + store.count(id) - 1]!;
}

/** Time of the oldest sample of either kind, Infinity where there is none. */
export function oldestTime(store: ChunkStore, series: MemSeries): number {
  const id = series.chunks[0];
  const float = id === undefined ? Infinity : store.page(id).doubles[timesAt(id)]!;
  return Math.min(float, series.histograms?.view().timestamps[0] ?? Infinity);
}
