import type {
  BodyColumns,
  BodyCounts,
  BodyRange,
  BodyStatus,
  RangeKind,
  UnknownIdentity,
} from './body-contents.ts';
import { KernelMemoryError } from './errors.ts';
import type {
  AppendCounts,
  AppendOptions,
  KernelBody,
  OwnerId,
  TextScanOptions,
} from './kernel-body.ts';
import * as layout from './layout.ts';
import type { MemoryViews } from './memory-views.ts';
import type { KernelExports } from './module.ts';

const NONE = 0xffffffff;
const FLAG_OPENMETRICS = 1;
const FLAG_IGNORE_TIMES = 2;
const DONE: BodyStatus = { ok: true };
const FAILURES = {
  [layout.STATUS_MALFORMED]: 'malformed',
  [layout.STATUS_TOO_LARGE]: 'too_large',
} as const;

/** The body at an address of the slab. */
export class SharedBody implements KernelBody {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #address: number;
  readonly #maxBytes: number;

  constructor(exports: KernelExports, views: MemoryViews, address: number, maxBytes: number) {
    this.#exports = exports;
    this.#views = views;
    this.#address = address;
    this.#maxBytes = maxBytes;
  }

  input(sizeBytes: number): Uint8Array {
    const address = this.#exports.reserveInput(this.#address, sizeBytes) >>> 0;
    if (address === 0) throw this.#memoryError(`a body of ${sizeBytes} bytes`);
    return this.#views.bytesAt(address, sizeBytes);
  }

  setInputLength(lengthBytes: number): void {
    this.#views.setWord(this.#address + layout.B_INPUT_LENGTH, lengthBytes);
  }

  decompress(limitBytes: number): BodyStatus {
    return this.#status(this.#exports.decompressBody(this.#address, limitBytes));
  }

  useInput(): void {
    this.#exports.useInput(this.#address);
  }

  message(): { readonly start: number; readonly length: number } {
    return { start: this.#field(layout.B_MESSAGE), length: this.#field(layout.B_MESSAGE_LENGTH) };
  }

  walkRemoteWrite(owner: OwnerId): BodyStatus {
    return this.#status(this.#exports.walkRemoteWrite(this.#address, owner));
  }

  scanText(owner: OwnerId, options: TextScanOptions): BodyStatus {
    const flags =
      (options.format === 'openmetrics' ? FLAG_OPENMETRICS : 0) |
      (options.ignoreTimestamps === true ? FLAG_IGNORE_TIMES : 0);
    const { defaultTimestamp } = options;
    return this.#status(this.#exports.scanText(this.#address, owner, flags, defaultTimestamp));
  }

  bytes(): Uint8Array {
    return this.#views.bytes;
  }

  get unknownCount(): number {
    return this.#field(layout.B_UNKNOWN_COUNT);
  }

  unknown(index: number): UnknownIdentity {
    const { words } = this.#views;
    const at = (this.#field(layout.B_UNKNOWN) + index * layout.UNKNOWN_BYTES) >>> 2;
    const start = words[at + (layout.U_START >> 2)] ?? 0;
    return {
      start,
      end: start + (words[at + (layout.U_LENGTH >> 2)] ?? 0),
      firstSample: words[at + (layout.U_FIRST_SAMPLE >> 2)] ?? 0,
      sampleCount: words[at + (layout.U_SAMPLE_COUNT >> 2)] ?? 0,
    };
  }

  resolve(index: number, ref: number): void {
    if (this.#exports.resolve(this.#address, index, ref) === 0) {
      throw this.#memoryError('one more identity');
    }
  }

  get rangeCount(): number {
    return this.#field(layout.B_RANGE_COUNT);
  }

  range(index: number): BodyRange {
    const { words } = this.#views;
    const at = (this.#field(layout.B_RANGES) + index * layout.RANGE_BYTES) >>> 2;
    return {
      kind: (words[at + (layout.R_KIND >> 2)] ?? 0) as RangeKind,
      start: words[at + (layout.R_START >> 2)] ?? 0,
      end: words[at + (layout.R_END >> 2)] ?? 0,
      ref: words[at + (layout.R_REF >> 2)] ?? 0,
      unknown: indexOrNone(words[at + (layout.R_UNKNOWN >> 2)]),
      sample: indexOrNone(words[at + (layout.R_SAMPLE >> 2)]),
    };
  }

  setValue(sample: number, value: number): void {
    this.columns().values[sample] = value;
  }

  setTime(sample: number, timestamp: number): void {
    this.columns().timestamps[sample] = timestamp;
  }

  counts(): BodyCounts {
    return {
      series: this.#field(layout.B_SERIES),
      predicted: this.#field(layout.B_PREDICTED),
      probed: this.#field(layout.B_PROBED),
      dropped: this.#field(layout.B_DROPPED),
      explicitTimes: this.#field(layout.B_EXPLICIT_TIMES),
    };
  }

  columns(): BodyColumns {
    const length = this.#field(layout.B_LENGTH);
    const values = this.#field(layout.B_VALUES);
    return {
      length,
      refs: this.#views.wordsAt(this.#field(layout.B_REFS), length),
      timestamps: this.#views.doublesAt(this.#field(layout.B_TIMES), length),
      values: this.#views.doublesAt(values, length),
      words: this.#views.wordsAt(values, 2 * length),
    };
  }

  seal(): number {
    return this.#exports.seal(this.#address);
  }

  setColumns(columns: BodyColumns): void {
    const { length } = columns;
    this.#views.setWord(this.#address + layout.B_LENGTH, 0);
    this.reserveColumns(length);
    this.#views.setWord(this.#address + layout.B_LENGTH, length);
    const own = this.columns();
    own.refs.set(columns.refs.subarray(0, length));
    own.timestamps.set(columns.timestamps.subarray(0, length));
    own.words.set(columns.words.subarray(0, 2 * length));
  }

  reserveColumns(count: number): void {
    if (this.#exports.reserveSamples(this.#address, count) === 0) {
      throw this.#memoryError(`columns of ${count} samples`);
    }
  }

  addColumns(columns: BodyColumns): void {
    const { length } = columns;
    const before = this.#field(layout.B_LENGTH);
    this.reserveColumns(before + length);
    this.#views.setWord(this.#address + layout.B_LENGTH, before + length);
    const own = this.columns();
    own.refs.set(columns.refs.subarray(0, length), before);
    own.timestamps.set(columns.timestamps.subarray(0, length), before);
    own.words.set(columns.words.subarray(0, 2 * length), 2 * before);
  }

  orderByRef(first: number, count: number): void {
    const status = this.#exports.orderByRef(this.#address, first, count);
    if (status === layout.STATUS_MALFORMED) {
      throw new RangeError(`a ref is not one of the ${count} from ${first} on`);
    }
    if (status !== layout.STATUS_OK) throw this.#memoryError('the order of samples');
  }

  appendRuns(from: number, to: number, windowMs: number): void {
    const status = this.#exports.appendRuns(this.#address, from, to, windowMs);
    if (status !== layout.STATUS_OK) throw this.#memoryError('samples');
  }

  append({ minTime, maxTime, windowMs = -1 }: AppendOptions): AppendCounts {
    const status = this.#exports.append(this.#address, minTime, maxTime, windowMs);
    if (status === layout.STATUS_NO_MEMORY) {
      const failedAt = this.#field(layout.B_FAILED_AT);
      throw this.#memoryError('samples', failedAt);
    }
    return this.#views
      .wordsAt(this.#address + layout.B_OUTCOME_COUNTS, layout.OUTCOME_COUNT)
      .slice();
  }

  outcomes(): Uint8Array {
    return this.#views.bytesAt(this.#field(layout.B_OUTCOMES), this.#field(layout.B_LENGTH));
  }

  outOfOrder(): Uint32Array {
    return this.#views.wordsAt(this.#field(layout.B_LATE), this.#field(layout.B_LATE_COUNT));
  }

  packColumns(from: number, to: number): Uint8Array {
    if (
      from < 0 ||
      to <= from ||
      to - from > layout.CHUNK_SAMPLES_MAX ||
      to > this.#field(layout.B_LENGTH)
    ) {
      throw new RangeError(
        `samples ${from} to ${to}, wanted 1 to ${layout.CHUNK_SAMPLES_MAX} of the columns`,
      );
    }
    const length = this.#exports.packColumns(this.#address, from, to - from);
    return this.#views.bytesAt(this.#field(layout.B_PACKED), length);
  }

  unpackColumns(): BodyStatus {
    return this.#status(this.#exports.unpackColumns(this.#address));
  }

  release(): void {
    this.#exports.closeBody(this.#address);
  }

  #field(offset: number): number {
    return this.#views.word(this.#address + offset);
  }

  #status(status: number): BodyStatus {
    if (status === layout.STATUS_OK) return DONE;
    if (status === layout.STATUS_MALFORMED || status === layout.STATUS_TOO_LARGE) {
      return { ok: false, code: FAILURES[status], offset: this.#field(layout.B_ERROR_OFFSET) };
    }
    return { ok: false, code: 'no_memory', offset: 0 };
  }

  #memoryError(what: string, failedAt?: number): KernelMemoryError {
    return new KernelMemoryError(what, this.#maxBytes, failedAt);
  }
}

function indexOrNone(word: number | undefined): number {
  return word === undefined || word === NONE ? -1 : word;
}
