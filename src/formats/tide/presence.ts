import type { ByteWriter } from '../../util/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';
import { BATCH_SAMPLES_MAX, BATCH_SERIES_MAX, BATCH_TICKS_MAX } from './limits.ts';
import { uintUpTo } from './reading.ts';

/** Bits 0 and 1 of a run's first number; the rest is the number of series less one. */
const ALL_TICKS = 0;
const BITMAP = 1;
const GAPS = 2;

/** Writes which ticks each series has, as runs of series that have the same. */
export class PresenceWriter {
  #runLength = 0;
  #from = 0;
  #to = 0;
  readonly #writer: ByteWriter;
  readonly #ticks: Uint16Array;
  readonly #tickCount: number;

  /** `ticks`: for each sample of the batch the place of its time among the batch's times. */
  constructor(writer: ByteWriter, ticks: Uint16Array, tickCount: number) {
    this.#writer = writer;
    this.#ticks = ticks;
    this.#tickCount = tickCount;
  }

  /** The next series, which has samples `[from, to)`. */
  series(from: number, to: number): void {
    if (this.#runLength > 0 && !this.#isSame(from, to)) this.end();
    if (this.#runLength === 0) {
      this.#from = from;
      this.#to = to;
    }
    this.#runLength++;
  }

  /** Writes the last run. */
  end(): void {
    if (this.#runLength === 0) return;
    const count = this.#to - this.#from;
    const bitmapBytes = (this.#tickCount + 7) >>> 3;
    const head = (this.#runLength - 1) * 4;
    if (count === this.#tickCount) this.#writer.uint(head + ALL_TICKS);
    else if (bitmapBytes <= count) this.#bitmap(head, bitmapBytes);
    else this.#gaps(head, count);
    this.#runLength = 0;
  }

  #bitmap(head: number, sizeBytes: number): void {
    const bitmap = new Uint8Array(sizeBytes);
    for (let index = this.#from; index < this.#to; index++) {
      const tick = this.#ticks[index]!;
      bitmap[tick >>> 3] = bitmap[tick >>> 3]! | (1 << (tick & 7));
    }
    this.#writer.uint(head + BITMAP);
    this.#writer.bytes(bitmap);
  }

  #gaps(head: number, count: number): void {
    this.#writer.uint(head + GAPS);
    this.#writer.uint(count);
    let next = 0;
    for (let index = this.#from; index < this.#to; index++) {
      const tick = this.#ticks[index]!;
      this.#writer.uint(tick - next);
      next = tick + 1;
    }
  }

  #isSame(from: number, to: number): boolean {
    if (to - from !== this.#to - this.#from) return false;
    for (let index = from; index < to; index++) {
      if (this.#ticks[index] !== this.#ticks[this.#from + index - from]) return false;
    }
    return true;
  }
}

/** Which ticks the series of a batch have, as read; used again and again. */
export class Presence {
  /** Of each run: the series at which it ends, and where its ticks begin in `ticks`. */
  readonly runEnds = new Uint32Array(BATCH_SERIES_MAX);
  readonly runTicks = new Uint32Array(BATCH_SERIES_MAX);
  readonly runCounts = new Uint16Array(BATCH_SERIES_MAX);
  /** Places of ticks; 0 to the last one first, for series that have all. */
  readonly ticks = new Uint16Array(2 * BATCH_TICKS_MAX + BATCH_SAMPLES_MAX);
  sampleCount = 0;
  #runs = 0;
  #length = 0;

  /** Reads the runs of `seriesCount` series. With one tick there are none: all series have it. */
  read(source: WireReader, seriesCount: number, tickCount: number): void {
    for (let tick = 0; tick < tickCount; tick++) this.ticks[tick] = tick;
    this.#length = tickCount;
    this.#runs = 0;
    this.sampleCount = 0;
    if (tickCount === 1) this.#run(source, 0, seriesCount, 1);
    for (let series = tickCount === 1 ? seriesCount : 0; series < seriesCount; ) {
      const head = uintUpTo(source, 4 * BATCH_SERIES_MAX, 'run of series');
      const end = series + (head >>> 2) + 1;
      if (end > seriesCount) throw source.error(`runs of ${end} series, wanted ${seriesCount}`);
      const start = this.#length;
      const kind = head & 3;
      if (kind === ALL_TICKS) {
        this.#run(source, 0, end, tickCount, series);
      } else {
        if (kind === BITMAP) this.#readBitmap(source, tickCount);
        else if (kind === GAPS) this.#readGaps(source, tickCount);
        else throw source.error(`kind ${kind} of a run`);
        this.#run(source, start, end, this.#length - start, series);
      }
      series = end;
    }
  }

  #run(source: WireReader, ticks: number, end: number, count: number, series = 0): void {
    if (count === 0) throw source.error('a series without samples');
    this.sampleCount += (end - series) * count;
    if (this.sampleCount > BATCH_SAMPLES_MAX) {
      throw source.error(`${this.sampleCount} samples, wanted at most ${BATCH_SAMPLES_MAX}`);
    }
    this.runEnds[this.#runs] = end;
    this.runTicks[this.#runs] = ticks;
    this.runCounts[this.#runs] = count;
    this.#runs++;
  }

  #readBitmap(source: WireReader, tickCount: number): void {
    const start = source.position;
    if (source.limit - start < (tickCount + 7) >>> 3) throw source.error('it ends in a bitmap');
    source.position = start + ((tickCount + 7) >>> 3);
    for (let tick = 0; tick < tickCount; tick++) {
      if ((source.bytes[start + (tick >>> 3)]! & (1 << (tick & 7))) !== 0) this.#tick(tick);
    }
  }

  #readGaps(source: WireReader, tickCount: number): void {
    const count = uintUpTo(source, tickCount, 'ticks of a series');
    let next = 0;
    for (let index = 0; index < count; index++) {
      const tick = next + uintUpTo(source, tickCount, 'gap of ticks');
      if (tick >= tickCount) throw source.error(`tick ${tick} of ${tickCount}`);
      this.#tick(tick);
      next = tick + 1;
    }
  }

  // Each run's ticks are samples of at least one series, whose sum was bounded before this run, so
  // one run more than the samples allowed is the most that can be written.
  #tick(tick: number): void {
    this.ticks[this.#length++] = tick;
  }
}
