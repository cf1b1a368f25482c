import { HIGH_WORD, LOW_WORD, STALE_HIGH_WORD, STALE_LOW_WORD } from '../../model/index.ts';
import type { WireReader } from '../protobuf/wire-reader.ts';
import type { BatchColumns } from './batch-columns.ts';
import { BIT_PADDING_BYTES, readBits } from './bits.ts';
import {
  CHANGED,
  FORM_BITS,
  FORM_CONSTANT,
  FORM_HISTOGRAMS,
  FORM_MAX,
  FORM_RISING,
  FORM_STALE,
  isWhole,
  MANTISSA_MAX,
  NEGATIVE,
  POWERS_OF_TWO,
  RELATIVE,
  SCALE_COUNT,
  SCALE_DIVISORS,
  SCALE_FACTORS,
} from './column-form.ts';
import { decodeCoverage } from './coverage.ts';
import { TideFormatError } from './errors.ts';
import { readHistograms } from './histogram-column.ts';
import { BATCH_SERIES_MAX, BATCH_TICKS_MAX, SERIES_ID_MAX } from './limits.ts';
import { unpack } from './packing.ts';
import { Presence } from './presence.ts';
import { reader, uintUpTo } from './reading.ts';
import type { BatchHead } from './coverage-entry.ts';
import type { PayloadCodec } from './frame-header.ts';
import { SIGNED_MAX, unzigzag } from './words.ts';

const TWO_POWER_32 = 2 ** 32;
/** The sign and the exponent's highest three bits. */
const EXPONENT_HIGH_MAX = 15;
/** Of a double, below sign and exponent. */
const FRACTION_BITS = 52;
/** Of zigzag forms and deltas. */
const WHOLE_WIDTH_MAX = 53;

/** Reads batches. Holds scratch memory of 1 MB: one for each thread is enough. */
export class BatchDecoder {
  readonly #presence = new Presence();
  readonly #times = new Float64Array(BATCH_TICKS_MAX);
  readonly #ids = new Uint32Array(BATCH_SERIES_MAX);
  // Where the parts of the body stand that columns are read from.
  #body: Uint8Array = new Uint8Array(0);
  #descriptorAt = 0;
  #extraAt = 0;
  #bit = 0;
  #bitEnd = 0;
  #mantissaBefore = 0;

  /**
   * Reads a payload into `into`, after what is there: series by series in the order of ids, times
   * ascending in each, values bit for bit. Throws TideFormatError, and `into` is then as it was.
   */
  decode(payload: Uint8Array, codec: PayloadCodec, into: BatchColumns): BatchHead {
    return this.decodeBody(unpack(payload, codec), into);
  }

  decodeBody(body: Uint8Array, into: BatchColumns): BatchHead {
    const source = reader(body, 'tide_batch');
    const schemaVersion = uintUpTo(source, Number.MAX_SAFE_INTEGER, 'schema version');
    const policyVersion = uintUpTo(source, Number.MAX_SAFE_INTEGER, 'policy version');
    const coverage = decodeCoverage(source);
    const tickCount = this.#readTimes(source);
    const seriesCount = this.#readIds(source);
    if (seriesCount > 0 !== tickCount > 0) {
      throw source.error(`${seriesCount} series at ${tickCount} times`);
    }
    this.#presence.read(source, seriesCount, tickCount);
    const present = coverage.reduce((sum, entry) => sum + entry.presentCount, 0);
    const { sampleCount } = this.#presence;
    if (present > sampleCount) {
      const problem = `${present} samples present by coverage, ${sampleCount} being there`;
      throw new TideFormatError('tide_coverage', problem);
    }
    const length = into.length;
    into.reserve(sampleCount);
    try {
      this.#readColumns(source, seriesCount, into);
    } catch (error) {
      // Histograms that were read are of samples that are none.
      if (into.histograms !== undefined) into.histograms.length = length;
      throw error;
    }
    into.length = length + sampleCount;
    return { schemaVersion, policyVersion, coverage };
  }

  #readTimes(source: WireReader): number {
    const count = uintUpTo(source, BATCH_TICKS_MAX, 'number of times');
    const times = this.#times;
    for (let index = 0; index < count; index++) {
      const time =
        index === 0
          ? unzigzag(uintUpTo(source, 2 * SIGNED_MAX, 'time'))
          : times[index - 1]! + uintUpTo(source, SIGNED_MAX, 'distance of times') + 1;
      if (time > SIGNED_MAX) throw source.error(`time ${time}`);
      times[index] = time;
    }
    return count;
  }

  #readIds(source: WireReader): number {
    const head = uintUpTo(source, 2 * BATCH_SERIES_MAX + 1, 'number of series');
    const count = head >>> 1;
    const asRuns = (head & 1) === 1;
    const ids = this.#ids;
    let next = 0;
    for (let index = 0; index < count; ) {
      next += uintUpTo(source, SERIES_ID_MAX, 'gap of ids');
      const more = asRuns ? uintUpTo(source, BATCH_SERIES_MAX, 'run of ids') : 0;
      if (next + more > SERIES_ID_MAX || index + more >= count) {
        throw source.error(`a run of ${more + 1} ids from ${next}, at ${index} of ${count}`);
      }
      for (const end = index + more + 1; index < end; index++) ids[index] = next++;
    }
    return count;
  }

  #readColumns(source: WireReader, seriesCount: number, into: BatchColumns): void {
    const { runEnds, runTicks, runCounts } = this.#presence;
    const leadAt = source.position;
    const histograms = this.#findParts(source, seriesCount);
    const body = this.#body;
    let descriptor = 0;
    let run = 0;
    let at = into.length;
    for (let index = 0; index < seriesCount; index++) {
      if (index === runEnds[run]) run++;
      const count = runCounts[run]!;
      const end = at + count;
      const id = this.#ids[index]!;
      for (let sample = at; sample < end; sample++) into.seriesIds[sample] = id;
      this.#readTimestamps(into.timestamps, at, runTicks[run]!, count);
      const lead = body[leadAt + index]!;
      if ((lead & CHANGED) !== 0) descriptor = body[this.#descriptorAt++]!;
      if (descriptor === FORM_HISTOGRAMS) {
        if ((lead & ~CHANGED) !== 0) throw this.#fault(`lead ${lead}`);
        readHistograms(histograms, into, at, end);
      } else if (isWhole(descriptor & 7)) {
        this.#readFirst(descriptor, lead & ~CHANGED);
        this.#readWhole(descriptor, into.values, at, end);
      } else {
        this.#readPlain(descriptor, lead & ~CHANGED, into.words, at, end);
      }
      at = end;
    }
    if (histograms.position !== histograms.limit) throw this.#fault('histograms left over');
    if ((this.#bit + 7) >>> 3 !== this.#bitEnd >>> 3) throw this.#fault('bits left over');
  }

  #readTimestamps(timestamps: Float64Array, at: number, firstTick: number, count: number): void {
    const { ticks } = this.#presence;
    const times = this.#times;
    for (let index = 0; index < count; index++) {
      timestamps[at + index] = times[ticks[firstTick + index]!]!;
    }
  }

  /**
   * Checks leads and descriptors, which say how long the parts after them are.
   * @returns what reads the histograms.
   */
  #findParts(source: WireReader, seriesCount: number): WireReader {
    const { bytes, limit, position } = source;
    const leadsEnd = position + seriesCount;
    if (leadsEnd > limit) throw source.error('it ends inside the leads');
    let descriptorAt = leadsEnd;
    let descriptor = 0;
    let extras = 0;
    let hasHistograms = false;
    for (let index = position; index < leadsEnd; index++) {
      if ((bytes[index]! & CHANGED) !== 0) {
        if (descriptorAt === limit) throw source.error('it ends inside the descriptors');
        descriptor = bytes[descriptorAt++]!;
        if (!isDescriptor(descriptor)) {
          throw source.error(`descriptor ${descriptor}`, descriptorAt - 1);
        }
      }
      extras += extraBytes(descriptor & 7);
      hasHistograms ||= descriptor === FORM_HISTOGRAMS;
    }
    this.#body = bytes;
    this.#descriptorAt = leadsEnd;
    this.#extraAt = descriptorAt;
    const histograms = reader(bytes, 'tide_batch');
    histograms.position = Math.min(descriptorAt + extras, limit);
    histograms.limit = hasHistograms ? histograms.lengthEnd() : histograms.position;
    const bitsAt = hasHistograms ? histograms.limit : descriptorAt + extras;
    const bitsEnd = limit - BIT_PADDING_BYTES;
    if (bitsEnd < bitsAt) throw source.error('it ends before its bits');
    for (let index = bitsEnd; index < limit; index++) {
      if (bytes[index] !== 0) throw source.error('padding that is not 0', index);
    }
    this.#bit = 8 * bitsAt;
    this.#bitEnd = 8 * bitsEnd;
    this.#mantissaBefore = 0;
    return histograms;
  }

  #readWhole(descriptor: number, values: Float64Array, from: number, to: number): void {
    let mantissa = this.#mantissaBefore;
    const form = descriptor & 7;
    const divisor = SCALE_DIVISORS[descriptor >>> 4]!;
    const factor = SCALE_FACTORS[descriptor >>> 4]!;
    if (form === FORM_CONSTANT) {
      // A loop: `fill` costs more for the few samples that a batch has of a series.
      const value = (mantissa / divisor) * factor;
      for (let index = from; index < to; index++) values[index] = value;
      return;
    }
    values[from] = (mantissa / divisor) * factor;
    const deltaWidth = this.#body[this.#extraAt++]!;
    this.#claim(deltaWidth, to - from - 1, WHOLE_WIDTH_MAX);
    const body = this.#body;
    let bit = this.#bit;
    for (let index = from + 1; index < to; index++) {
      // Fast path: few deltas have more than 32 bits.
      let delta = readBits(body, bit, deltaWidth < 32 ? deltaWidth : 32);
      if (deltaWidth > 32) delta += readBits(body, bit + 32, deltaWidth - 32) * TWO_POWER_32;
      bit += deltaWidth;
      mantissa += form === FORM_RISING ? delta : unzigzag(delta);
      values[index] = (mantissa / divisor) * factor;
    }
    this.#bit = bit;
    this.#checkMantissa(mantissa);
  }

  /** The first whole number: its bits below the highest, which is 1 of itself. */
  #readFirst(descriptor: number, lead: number): void {
    const width = lead & ~NEGATIVE;
    let first = 0;
    if (width > 0) {
      this.#claim(width - 1, 1, WHOLE_WIDTH_MAX - 1);
      first = POWERS_OF_TWO[width - 1]! + this.#wide(width - 1);
      if ((lead & NEGATIVE) !== 0) first = -first;
    }
    if ((descriptor & RELATIVE) !== 0) first += this.#mantissaBefore;
    this.#mantissaBefore = first;
    this.#checkMantissa(first);
  }

  #readPlain(form: number, lead: number, words: Uint32Array, from: number, to: number): void {
    if (lead > (form === FORM_STALE ? 0 : EXPONENT_HIGH_MAX)) throw this.#fault(`lead ${lead}`);
    let low = STALE_LOW_WORD;
    let high = STALE_HIGH_WORD;
    if (form !== FORM_STALE) {
      this.#claim(FRACTION_BITS, 1, FRACTION_BITS);
      low = readBits(this.#body, this.#bit, 32);
      high = readBits(this.#body, this.#bit + 32, FRACTION_BITS - 32);
      this.#bit += FRACTION_BITS;
      high |= (this.#body[this.#extraAt++]! << 20) | (lead << 28);
    }
    if (form === FORM_BITS) {
      this.#readChanges(words, from, to, low, high);
      return;
    }
    for (let index = from; index < to; index++) {
      words[2 * index + LOW_WORD] = low;
      words[2 * index + HIGH_WORD] = high;
    }
  }

  #readChanges(words: Uint32Array, from: number, to: number, first: number, second: number): void {
    const shift = this.#body[this.#extraAt++]!;
    const width = this.#body[this.#extraAt++]!;
    this.#claim(width, to - from - 1, 64);
    if (shift + width > 64) throw this.#fault(`${width} bits moved by ${shift}`);
    const body = this.#body;
    let low = first;
    let high = second;
    let bit = this.#bit;
    words[2 * from + LOW_WORD] = low;
    words[2 * from + HIGH_WORD] = high;
    for (let index = from + 1; index < to; index++) {
      const lowBits = readBits(body, bit, width < 32 ? width : 32);
      const highBits = width > 32 ? readBits(body, bit + 32, width - 32) : 0;
      bit += width;
      if (shift >= 32) {
        high ^= lowBits << (shift - 32);
      } else if (shift === 0) {
        low ^= lowBits;
        high ^= highBits;
      } else {
        low ^= lowBits << shift;
        high ^= (lowBits >>> (32 - shift)) | (highBits << shift);
      }
      words[2 * index + LOW_WORD] = low;
      words[2 * index + HIGH_WORD] = high;
    }
    this.#bit = bit;
  }

  /** Refuses columns of `count` numbers of `width` bits that would go beyond the stream. */
  #claim(width: number, count: number, widthMax: number): void {
    if (width > widthMax) throw this.#fault(`a width of ${width} bits, wanted at most ${widthMax}`);
    if (this.#bit + width * count > this.#bitEnd) throw this.#fault('it ends inside its bits');
  }

  // The end of a column is enough: numbers that ran out of bounds on the way only lost precision.
  #checkMantissa(mantissa: number): void {
    if (Math.abs(mantissa) > MANTISSA_MAX) throw this.#fault(`a whole number ${mantissa}`);
  }

  #wide(width: number): number {
    const bit = this.#bit;
    this.#bit += width;
    if (width <= 32) return readBits(this.#body, bit, width);
    const high = readBits(this.#body, bit + 32, width - 32);
    return high * TWO_POWER_32 + readBits(this.#body, bit, 32);
  }

  #fault(problem: string): TideFormatError {
    return new TideFormatError('tide_batch', `at byte ${this.#bit >>> 3} of a batch: ${problem}`);
  }
}

function isDescriptor(descriptor: number): boolean {
  const form = descriptor & 7;
  return isWhole(form) ? descriptor >>> 4 < SCALE_COUNT : descriptor <= FORM_MAX;
}

/** Bytes that a series of this form has beside its lead, descriptor and bits. */
function extraBytes(form: number): number {
  if (form === FORM_BITS) return 3;
  return form === FORM_CONSTANT || form >= FORM_STALE ? 0 : 1;
}
