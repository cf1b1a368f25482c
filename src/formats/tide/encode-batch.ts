import { assert, HIGH_WORD, LOW_WORD } from '../../model/index.ts';
import { ByteWriter } from '../../util/index.ts';
import type { BatchColumns } from './batch-columns.ts';
import { BitWriter, widthOf } from './bits.ts';
import {
  CHANGED,
  FORM_BITS,
  FORM_CONSTANT,
  FORM_HISTOGRAMS,
  FORM_MOVING,
  FORM_RISING,
  FORM_SAME_BITS,
  FRACTION_HIGH_MASK,
  isWhole,
  NEGATIVE,
  POWERS_OF_TWO,
  RELATIVE,
} from './column-form.ts';
import { ColumnPlan } from './column-plan.ts';
import { encodeCoverage } from './coverage.ts';
import { TideFormatError } from './errors.ts';
import { writeHistograms } from './histogram-column.ts';
import { BATCH_SAMPLES_MAX, BATCH_SERIES_MAX, BATCH_TICKS_MAX, BODY_BYTES_MAX } from './limits.ts';
import type { Packed } from './packing.ts';
import { pack } from './packing.ts';
import { PresenceWriter } from './presence.ts';
import { SEALED_BYTES_MAX } from './range-data.ts';
import type { BatchHead } from './coverage-entry.ts';
import { CODEC_DEFLATE } from './frame-header.ts';
import type { PayloadCodec } from './frame-header.ts';
import { SIGNED_MAX, zigzag } from './words.ts';

/** A relative first costs entropy in the descriptors: it has to save this many bits. */
const RELATIVE_GAIN_BITS = 4;
/** 64 bits of a value, and as many for each that follows. */
const VALUE_BITS_MAX = 64;

/** Makes bodies of batches. Holds scratch memory: one for each sender is enough. */
export class BatchEncoder {
  readonly #writer = new ByteWriter(16_384);
  readonly #bits = new BitWriter();
  readonly #plan = new ColumnPlan(BATCH_TICKS_MAX);
  /** Times of the batch, ascending. */
  readonly #times = new Float64Array(BATCH_TICKS_MAX);
  #timeCount = 0;
  #ticks = new Uint16Array(4096);
  /** First samples of the series, and the end. */
  readonly #starts = new Uint32Array(BATCH_SERIES_MAX + 1);
  #seriesCount = 0;
  readonly #leads = new ByteWriter(1024);
  readonly #descriptors = new ByteWriter(1024);
  readonly #extras = new ByteWriter(1024);
  readonly #histograms = new ByteWriter(64);
  #descriptorBefore = 0;
  #mantissaBefore = 0;

  /**
   * A batch, to be sealed: `columns` in the order of series, times ascending within each
   * (`sortBySeries`). Throws TideFormatError `tide_too_large` where it would not fit a frame, or is
   * over one of the limits: the caller then seals fewer ticks, or the group in parts. The payload
   * is the caller's.
   */
  encode(head: BatchHead, columns: BatchColumns, codec: PayloadCodec = CODEC_DEFLATE): Packed {
    const body = this.encodeBody(head, columns);
    const packed = pack(body, codec, body.length - this.#bits.written().length);
    if (packed.payload.length > SEALED_BYTES_MAX) {
      throw tooLarge('bytes', packed.payload.length, SEALED_BYTES_MAX);
    }
    return packed.payload === body ? { codec: packed.codec, payload: body.slice() } : packed;
  }

  /** The body alone; a view that the next call makes invalid. */
  encodeBody(head: BatchHead, columns: BatchColumns): Uint8Array {
    this.#measure(columns);
    const writer = this.#writer;
    writer.reset();
    writer.uint(head.schemaVersion);
    writer.uint(head.policyVersion);
    encodeCoverage(writer, head.coverage);
    this.#encodeTimes();
    this.#encodeIds(columns.seriesIds);
    this.#encodePresence();
    this.#encodeValues(columns);
    if (writer.length > BODY_BYTES_MAX) throw tooLarge('bytes', writer.length, BODY_BYTES_MAX);
    return writer.written();
  }

  /** Finds the series, the times, and the place of each sample's time. */
  #measure({ length, seriesIds, timestamps }: BatchColumns): void {
    if (length > BATCH_SAMPLES_MAX) throw tooLarge('samples', length, BATCH_SAMPLES_MAX);
    const starts = this.#starts;
    const times = this.#times;
    this.#timeCount = 0;
    let series = 0;
    let next = 0;
    for (let index = 0; index < length; index++) {
      const time = timestamps[index]!;
      if (index === 0 || seriesIds[index] !== seriesIds[index - 1]) {
        assert(index === 0 || seriesIds[index]! > seriesIds[index - 1]!, 'series out of order');
        if (series === BATCH_SERIES_MAX) throw tooLarge('series', series + 1, BATCH_SERIES_MAX);
        starts[series++] = index;
        next = 0;
      } else {
        assert(time > timestamps[index - 1]!, 'times of a series out of order');
      }
      // Fast path: the series has the tick that comes next.
      if (next >= this.#timeCount || times[next] !== time) next = this.#placeTime(time);
      next++;
    }
    starts[series] = length;
    this.#seriesCount = series;
    this.#placeSamples(length, timestamps);
  }

  #placeSamples(length: number, timestamps: Float64Array): void {
    if (this.#ticks.length < length) this.#ticks = new Uint16Array(2 * length);
    const times = this.#times;
    const count = this.#timeCount;
    let next = 0;
    for (let index = 0; index < length; index++) {
      const time = timestamps[index]!;
      if (next >= count || times[next] !== time) {
        next = time === times[0] ? 0 : search(times, count, time);
      }
      this.#ticks[index] = next++;
    }
  }

  /** Where `time` stands among the times, having been put in where it was not. */
  #placeTime(time: number): number {
    const times = this.#times;
    const count = this.#timeCount;
    const place = search(times, count, time);
    if (place < count && times[place] === time) return place;
    if (count === BATCH_TICKS_MAX) throw tooLarge('ticks', count + 1, BATCH_TICKS_MAX);
    times.copyWithin(place + 1, place, count);
    times[place] = time;
    this.#timeCount++;
    return place;
  }

  #encodeTimes(): void {
    const times = this.#times;
    const count = this.#timeCount;
    this.#writer.uint(count);
    for (let index = 0; index < count; index++) {
      const time = times[index]!;
      assert(Number.isInteger(time) && Math.abs(time) <= SIGNED_MAX, `time ${time}`);
      this.#writer.uint(index === 0 ? zigzag(time) : time - times[index - 1]! - 1);
    }
  }

  /** Ids as runs of neighbours (gap, length), or one by one (gap), whichever are fewer numbers. */
  #encodeIds(seriesIds: Uint32Array): void {
    const count = this.#seriesCount;
    let runs = 0;
    for (let index = 0; index < count; index++) {
      if (index === 0 || this.#gap(seriesIds, index) > 0) runs++;
    }
    const asRuns = 2 * runs <= count;
    this.#writer.uint(2 * count + (asRuns ? 1 : 0));
    for (let index = 0; index < count; ) {
      this.#writer.uint(this.#gap(seriesIds, index));
      const first = index++;
      if (!asRuns) continue;
      while (index < count && this.#gap(seriesIds, index) === 0) index++;
      this.#writer.uint(index - first - 1);
    }
  }

  /** Ids left out before the series. */
  #gap(seriesIds: Uint32Array, index: number): number {
    const id = seriesIds[this.#starts[index]!]!;
    return index === 0 ? id : id - seriesIds[this.#starts[index - 1]!]! - 1;
  }

  #encodePresence(): void {
    const tickCount = this.#timeCount;
    if (tickCount <= 1) return;
    const presence = new PresenceWriter(this.#writer, this.#ticks, tickCount);
    const starts = this.#starts;
    for (let index = 0; index < this.#seriesCount; index++) {
      presence.series(starts[index]!, starts[index + 1]!);
    }
    presence.end();
  }

  #encodeValues(columns: BatchColumns): void {
    const starts = this.#starts;
    this.#bits.reset();
    this.#leads.reset();
    this.#descriptors.reset();
    this.#extras.reset();
    this.#histograms.reset();
    this.#descriptorBefore = 0;
    this.#mantissaBefore = 0;
    for (let index = 0; index < this.#seriesCount; index++) {
      const from = starts[index]!;
      const to = starts[index + 1]!;
      if (hasHistogram(columns, from, to)) {
        this.#putLead(FORM_HISTOGRAMS, 0);
        writeHistograms(this.#histograms, columns, from, to);
        continue;
      }
      this.#bits.reserve((to - from) * VALUE_BITS_MAX);
      this.#plan.plan(columns.values, columns.words, from, to);
      if (isWhole(this.#plan.form)) this.#encodeWhole(to - from);
      else this.#encodeBits(columns.words, from, to);
    }
    this.#writer.bytes(this.#leads.written());
    this.#writer.bytes(this.#descriptors.written());
    this.#writer.bytes(this.#extras.written());
    if (this.#histograms.length > 0) {
      this.#writer.uint(this.#histograms.length);
      this.#writer.bytes(this.#histograms.written());
    }
    this.#writer.bytes(this.#bits.written());
  }

  #encodeWhole(length: number): void {
    const { form, scale, mantissas } = this.#plan;
    const mantissa = mantissas[0]!;
    const difference = mantissa - this.#mantissaBefore;
    const isRelative =
      widthOf(Math.abs(difference)) + RELATIVE_GAIN_BITS <= widthOf(Math.abs(mantissa));
    this.#mantissaBefore = mantissa;
    const descriptor = form | (isRelative ? RELATIVE : 0) | (scale << 4);
    this.#encodeFirst(descriptor, isRelative ? difference : mantissa);
    if (form === FORM_CONSTANT) return;
    let widest = 0;
    for (let index = 1; index < length; index++) {
      const delta = mantissas[index]! - mantissas[index - 1]!;
      widest = Math.max(widest, form === FORM_RISING ? delta : zigzag(delta));
    }
    const deltaWidth = widthOf(widest);
    this.#putByte(this.#extras, deltaWidth);
    for (let index = 1; index < length; index++) {
      const delta = mantissas[index]! - mantissas[index - 1]!;
      this.#bits.writeWide(form === FORM_MOVING ? zigzag(delta) : delta, deltaWidth);
    }
  }

  /** A width with the sign, and the bits below the highest, which is 1 of itself. */
  #encodeFirst(descriptor: number, first: number): void {
    const size = Math.abs(first);
    const width = widthOf(size);
    this.#putLead(descriptor, width | (first < 0 ? NEGATIVE : 0));
    if (width > 1) this.#bits.writeWide(size - POWERS_OF_TWO[width - 1]!, width - 1);
  }

  #encodeBits(words: Uint32Array, from: number, to: number): void {
    const { form } = this.#plan;
    if (form !== FORM_BITS && form !== FORM_SAME_BITS) {
      this.#putLead(form, 0);
      return;
    }
    // Sign and exponent go where deflate can make something of them.
    const high = words[2 * from + HIGH_WORD]!;
    this.#putLead(form, high >>> 28);
    this.#putByte(this.#extras, (high >>> 20) & 0xff);
    this.#bits.write(words[2 * from + LOW_WORD]!, 32);
    this.#bits.write(high & FRACTION_HIGH_MASK, 20);
    if (form === FORM_BITS) this.#encodeChanges(words, from, to);
  }

  /** Each value's exclusive or with the one before, in the window of bits that any has. */
  #encodeChanges(words: Uint32Array, from: number, to: number): void {
    let low = 0;
    let high = 0;
    for (let index = 2 * from + 2; index < 2 * to; index += 2) {
      low |= words[index + LOW_WORD]! ^ words[index - 2 + LOW_WORD]!;
      high |= words[index + HIGH_WORD]! ^ words[index - 2 + HIGH_WORD]!;
    }
    const shift = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high);
    const width = (high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low)) - shift;
    this.#putByte(this.#extras, shift);
    this.#putByte(this.#extras, width);
    for (let index = 2 * from + 2; index < 2 * to; index += 2) {
      low = words[index + LOW_WORD]! ^ words[index - 2 + LOW_WORD]!;
      high = words[index + HIGH_WORD]! ^ words[index - 2 + HIGH_WORD]!;
      const shiftedLow = shift >= 32 ? high >>> (shift - 32) : lowAfter(low, high, shift);
      this.#bits.write(shiftedLow, Math.min(width, 32));
      if (width > 32) this.#bits.write(high >>> shift, width - 32);
    }
  }

  /** A series' first byte, with the descriptor where it is not that of the series before. */
  #putLead(descriptor: number, lead: number): void {
    const isChanged = descriptor !== this.#descriptorBefore;
    this.#putByte(this.#leads, isChanged ? lead | CHANGED : lead);
    if (isChanged) this.#putByte(this.#descriptors, descriptor);
    this.#descriptorBefore = descriptor;
  }

  #putByte(writer: ByteWriter, byte: number): void {
    scratchByte[0] = byte;
    writer.bytes(scratchByte);
  }
}

const scratchByte = new Uint8Array(1);

/** Whether any of samples `[from, to)` is a histogram. */
function hasHistogram({ histograms }: BatchColumns, from: number, to: number): boolean {
  // Fast path: almost no batch has any.
  if (histograms === undefined) return false;
  for (let index = from; index < to; index++) if (histograms[index] !== undefined) return true;
  return false;
}

/** The low word of 64 bits shifted right by less than 32. */
function lowAfter(low: number, high: number, shift: number): number {
  return shift === 0 ? low >>> 0 : ((low >>> shift) | (high << (32 - shift))) >>> 0;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The first place whose time is not before `time`. */
function search(times: Float64Array, count: number, time: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function tooLarge(what: string, seen: number, max: number): TideFormatError {
  const problem = `a batch of ${seen} ${what}, wanted at most ${max}`;
  return new TideFormatError('tide_too_large', problem);
}
