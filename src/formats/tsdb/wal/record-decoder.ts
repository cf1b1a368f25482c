import type { FloatHistogram, Metadata } from '../../../model/index.ts';
import { Labels, METRIC_TYPES } from '../../../model/index.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { readHistogram } from './histogram-record.ts';

/** What the records of a WAL say, in its order. Times are integer milliseconds. */
export interface WalVisitor {
  /** Series `ref` has these labels. Samples may come before it. */
  series(ref: number, labels: Labels): void;
  /** A sample by the words of its value. */
  sample(ref: number, timestamp: number, lowWord: number, highWord: number): void;
  /** `undefined` is a staleness marker. */
  histogram(ref: number, timestamp: number, histogram: FloatHistogram | undefined): void;
  /** A histogram of a schema that is not known. */
  unknownHistogram(ref: number, timestamp: number): void;
  /** Samples of these times, both inclusive, were deleted; ends of time may be beyond 2^53. */
  deleted(ref: number, minTime: number, maxTime: number): void;
  exemplar(ref: number, timestamp: number, value: number, labelPairs: readonly string[]): void;
  metadata(ref: number, metadata: Metadata): void;
}

const SERIES = 1;
const SAMPLES = 2;
const TOMBSTONES = 3;
const EXEMPLARS = 4;
const MMAP_MARKERS = 5;
const METADATA = 6;
const HISTOGRAMS = 7;
const FLOAT_HISTOGRAMS = 8;
const CUSTOM_HISTOGRAMS = 9;
const CUSTOM_FLOAT_HISTOGRAMS = 10;
const SAMPLES_WITH_START = 11;
const HISTOGRAMS_WITH_START = 12;
const FLOAT_HISTOGRAMS_WITH_START = 13;

/**
 * Decodes one WAL record (wal.md). Returns whether its type is known; one that is not is to be
 * skipped. Start timestamps (types 11 to 13) and memory-map markers (5) are passed over.
 * @throws TsdbError; the visitor may have been given a part of the record.
 */
export function decodeWalRecord(
  bytes: Uint8Array,
  file: string,
  offset: number,
  visitor: WalVisitor,
): boolean {
  const reader = new BigEndianReader(bytes, 0, bytes.length, { file, base: offset });
  const type = reader.u8();
  switch (type) {
    case SERIES:
      while (reader.remaining > 0)
        visitor.series(reader.u64(), Labels.fromPairs(readPairs(reader)));
      return true;
    case SAMPLES:
    case SAMPLES_WITH_START:
      readSamples(reader, type === SAMPLES_WITH_START, visitor);
      return true;
    case TOMBSTONES:
      while (reader.remaining > 0) {
        visitor.deleted(reader.u64(), reader.clampedVarint(), reader.clampedVarint());
      }
      return true;
    case EXEMPLARS:
      readExemplars(reader, visitor);
      return true;
    case MMAP_MARKERS:
      return true;
    case METADATA:
      while (reader.remaining > 0) visitor.metadata(reader.uvarint(), readMetadata(reader));
      return true;
    case HISTOGRAMS:
    case CUSTOM_HISTOGRAMS:
    case HISTOGRAMS_WITH_START:
      readHistograms(reader, type === HISTOGRAMS_WITH_START, false, visitor);
      return true;
    case FLOAT_HISTOGRAMS:
    case CUSTOM_FLOAT_HISTOGRAMS:
    case FLOAT_HISTOGRAMS_WITH_START:
      readHistograms(reader, type === FLOAT_HISTOGRAMS_WITH_START, true, visitor);
      return true;
    default:
      return false;
  }
}

/** The series and time that each entry of a record begins with, relative to those before. */
interface Entries {
  readonly ref: number;
  readonly timestamp: number;
  readNext(): void;
}

/** Relative to a series and a time that the record begins with. */
class BasedEntries implements Entries {
  ref = 0;
  timestamp = 0;
  readonly #reader: BigEndianReader;
  readonly #baseRef: number;
  readonly #baseTime: number;

  constructor(reader: BigEndianReader) {
    this.#reader = reader;
    this.#baseRef = reader.u64();
    this.#baseTime = reader.i64();
  }

  readNext(): void {
    this.ref = this.#baseRef + this.#reader.varint();
    this.timestamp = this.#baseTime + this.#reader.varint();
  }
}

const START_NONE = 0;
const START_SAME = 1;

/** The series relative to the one before, times to the first; with start timestamps. */
class ChainedEntries implements Entries {
  ref = 0;
  timestamp = 0;
  readonly #reader: BigEndianReader;
  #firstTime: number | undefined;

  constructor(reader: BigEndianReader) {
    this.#reader = reader;
  }

  readNext(): void {
    const reader = this.#reader;
    this.ref += reader.varint();
    const time = reader.varint();
    if (this.#firstTime === undefined) {
      this.#firstTime = time;
      this.timestamp = time;
      reader.clampedVarint();
      return;
    }
    this.timestamp = this.#firstTime + time;
    const start = reader.u8();
    if (start !== START_NONE && start !== START_SAME) reader.clampedVarint();
  }
}

function entriesOf(reader: BigEndianReader, withStart: boolean): Entries {
  return withStart ? new ChainedEntries(reader) : new BasedEntries(reader);
}

function readSamples(reader: BigEndianReader, withStart: boolean, visitor: WalVisitor): void {
  if (reader.remaining === 0) return;
  const entries = entriesOf(reader, withStart);
  while (reader.remaining > 0) {
    entries.readNext();
    const high = reader.u32();
    visitor.sample(entries.ref, entries.timestamp, reader.u32(), high);
  }
}

function readHistograms(
  reader: BigEndianReader,
  withStart: boolean,
  isFloat: boolean,
  visitor: WalVisitor,
): void {
  if (reader.remaining === 0) return;
  const entries = entriesOf(reader, withStart);
  while (reader.remaining > 0) {
    entries.readNext();
    const read = readHistogram(reader, isFloat);
    const { ref, timestamp } = entries;
    if (read === 'unknown schema') visitor.unknownHistogram(ref, timestamp);
    else visitor.histogram(ref, timestamp, read === 'stale' ? undefined : read);
  }
}

function readExemplars(reader: BigEndianReader, visitor: WalVisitor): void {
  if (reader.remaining === 0) return;
  const entries = new BasedEntries(reader);
  while (reader.remaining > 0) {
    entries.readNext();
    const value = reader.f64();
    visitor.exemplar(entries.ref, entries.timestamp, value, readPairs(reader));
  }
}

function readPairs(reader: BigEndianReader): string[] {
  const pairs: string[] = [];
  for (let left = reader.count(2); left > 0; left--) pairs.push(reader.text(), reader.text());
  return pairs;
}

function readMetadata(reader: BigEndianReader): Metadata {
  const type = METRIC_TYPES[reader.u8()] ?? 'unknown';
  let help = '';
  let unit = '';
  for (let left = reader.count(2); left > 0; left--) {
    const name = reader.text();
    const value = reader.text();
    if (name === 'HELP') help = value;
    else if (name === 'UNIT') unit = value;
  }
  return { type, help, unit };
}
