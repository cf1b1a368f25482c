import { compress, compressedSizeMax } from '../../src/formats/snappy/index.ts';
import type { Load } from './load.ts';

const encoder = new TextEncoder();

/**
 * Writes a load as remote write 1.0 bodies. The label fields of each series are encoded once, so
 * that making bodies is cheap beside receiving them.
 */
export class WriteRequests {
  readonly #load: Pick<Load, 'series' | 'values'>;
  readonly #labelFields: Uint8Array[];
  readonly #scratch: Uint8Array;
  readonly #view: DataView;
  readonly #samplesPerRequest: number;

  constructor(load: Pick<Load, 'series' | 'values'>, samplesPerRequest: number) {
    this.#load = load;
    this.#samplesPerRequest = samplesPerRequest;
    this.#labelFields = load.series.map((series) => encodeLabels(series.labelPairs));
    // What replaces a series may have longer labels, to that bound.
    const longest = this.#labelFields.reduce((most, { length }) => Math.max(most, length), 0);
    this.#scratch = new Uint8Array(samplesPerRequest * (longest + 128));
    this.#view = new DataView(this.#scratch.buffer);
  }

  /** Gives a series other labels from now on: another series in its place. */
  replace(index: number, labelPairs: readonly string[]): void {
    this.#labelFields[index] = encodeLabels(labelPairs);
  }

  /** Compressed bodies of the load's current tick, one sample for each series, in order. */
  *bodies(timestampMs: number): Generator<Uint8Array> {
    const count = this.#load.series.length;
    for (let first = 0; first < count; first += this.#samplesPerRequest) {
      const sizeBytes = this.#encode(
        first,
        Math.min(count, first + this.#samplesPerRequest),
        timestampMs,
      );
      const target = new Uint8Array(compressedSizeMax(sizeBytes));
      yield target.subarray(0, compress(this.#scratch, 0, sizeBytes, target));
    }
  }

  #encode(first: number, end: number, timestampMs: number): number {
    const bytes = this.#scratch;
    let at = 0;
    for (let index = first; index < end; index++) {
      const labels = this.#labelFields[index] ?? new Uint8Array();
      // Sample: field 2 of the series; value (double, field 1), timestamp (varint, field 2).
      const sampleBytes = 9 + 1 + varintSize(timestampMs);
      bytes[at++] = 0x0a;
      at = putVarint(bytes, at, labels.length + 2 + sampleBytes);
      bytes.set(labels, at);
      at += labels.length;
      bytes[at++] = 0x12;
      bytes[at++] = sampleBytes;
      bytes[at++] = 0x09;
      this.#view.setFloat64(at, this.#load.values[index] ?? 0, true);
      at += 8;
      bytes[at++] = 0x10;
      at = putVarint(bytes, at, timestampMs);
    }
    return at;
  }
}

function encodeLabels(pairs: readonly string[]): Uint8Array {
  const parts: number[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    const name = encoder.encode(pairs[index]);
    const value = encoder.encode(pairs[index + 1]);
    const lengths = varint(name.length).length + varint(value.length).length;
    parts.push(0x0a, ...varint(2 + lengths + name.length + value.length));
    parts.push(0x0a, ...varint(name.length), ...name);
    parts.push(0x12, ...varint(value.length), ...value);
  }
  return Uint8Array.from(parts);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

function varintSize(value: number): number {
  return varint(value).length;
}

function putVarint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}
