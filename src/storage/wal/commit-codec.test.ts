import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import type { Commit, CommitBounds } from '../head/commit.ts';
import { ByteReader, RecordFormatError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LoggedCommit } from './commit-codec.ts';
import { CommitDecoder, CommitEncoder } from './commit-codec.ts';
import { testKernel } from '../../../test/support/kernel-guard.ts';
import { beginRecord, endRecord, RECORD_HEADER_BYTES } from './log-file.ts';
import { RecordKind } from './records.ts';

const NOW = 1_700_000_000_000;
const BOUNDS: CommitBounds = { minTime: NOW - 9e9, maxTime: NOW + 6e5, windowMs: 7_200_000 };

/** ref, time, value as a number or its bits. */
type Row = readonly [ref: number, timestamp: number, value: number | bigint];

function commitOf(rows: readonly Row[], rest: Partial<Commit> = {}): Commit {
  const samples = new SampleBatch(0);
  for (const [ref, timestamp, value] of rows) {
    const bits = typeof value === 'bigint' ? value : bitsOf(value);
    samples.pushBits(ref, timestamp, Number(bits & 0xffffffffn), Number(bits >> 32n));
  }
  const empty = { series: [], histograms: [], exemplars: [], metadata: [], state: [] };
  return { bounds: BOUNDS, samples, ...empty, ...rest };
}

function bitsOf(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!;
}

function contentsOf({ samples, extent, ...rest }: Commit): unknown {
  const { length } = samples;
  if (extent !== undefined) assert.deepEqual(extent, extentOf(samples));
  return {
    ...rest,
    refs: [...samples.refs.subarray(0, length)],
    timestamps: [...samples.timestamps.subarray(0, length)],
    words: [...samples.words.subarray(0, 2 * length)],
  };
}

function extentOf({ refs, timestamps, length }: SampleBatch): unknown {
  const [ownRefs, times] = [refs.subarray(0, length), timestamps.subarray(0, length)];
  return {
    leastRef: Math.min(...ownRefs),
    greatestRef: Math.max(...ownRefs),
    leastTime: Math.min(...times),
    greatestTime: Math.max(...times),
  };
}

const LOG_SAMPLES = testKernel(512 * 1024 * 1024).openLogSamples();

/** Decodes in TypeScript and with the kernel, one at a time, and expects the same of both. */
class TwoDecoders {
  readonly #own = new CommitDecoder();
  readonly #kernel = new CommitDecoder({ openSamples: () => LOG_SAMPLES });

  decode(reader: ByteReader, checksum: number): LoggedCommit {
    const rest = reader.rest();
    const kernelReader = new ByteReader(rest, 0, rest.length);
    let read: LoggedCommit;
    try {
      read = this.#own.decode(reader, checksum);
    } catch (error) {
      assert.ok(error instanceof RecordFormatError);
      assert.throws(() => this.#kernel.decode(kernelReader, checksum), RecordFormatError);
      throw error;
    }
    const { commit, isWhole } = this.#kernel.decode(kernelReader, checksum);
    assert.equal(isWhole, read.isWhole);
    assert.deepEqual(contentsOf(commit), contentsOf(read.commit));
    assert.equal(kernelReader.remaining, reader.remaining);
    return read;
  }
}

/** A log in memory: each record with its checksum. */
class Log {
  readonly encoder: CommitEncoder;
  readonly records: { readonly bytes: Uint8Array; readonly checksum: number }[] = [];
  readonly #writer = new ByteWriter(1);

  constructor(stretchBytes?: number) {
    this.encoder = new CommitEncoder(stretchBytes);
  }

  /** Size of the record's body. */
  add(commit: Commit): number {
    this.#writer.reset();
    const start = beginRecord(this.#writer);
    this.encoder.encode(this.#writer, commit);
    const checksum = endRecord(this.#writer, start);
    this.encoder.sealed(checksum);
    const bytes = this.#writer.written().slice(RECORD_HEADER_BYTES);
    this.records.push({ bytes, checksum });
    return bytes.length;
  }

  read(decoder: TwoDecoders, index: number): LoggedCommit {
    const { bytes, checksum } = this.records[index]!;
    const reader = new ByteReader(bytes, 0, bytes.length);
    assert.equal(reader.u8(), RecordKind.LINKED_COMMIT);
    const read = decoder.decode(reader, checksum);
    if (read.isWhole) assert.equal(reader.remaining, 0);
    return read;
  }
}

function check(commits: readonly Commit[]): number[] {
  const log = new Log();
  const sizes = commits.map((commit) => log.add(commit));
  const decoder = new TwoDecoders();
  for (const [index, commit] of commits.entries()) {
    const read = log.read(decoder, index);
    expect(read.isWhole).toBe(true);
    expect(contentsOf(read.commit)).toEqual(contentsOf(commit));
  }
  return sizes;
}

const STALE = 0x7ff0000000000002n;
/** Numbers that decimal places, signs, sizes or payloads make hard. */
const VALUES: readonly (number | bigint)[] = [
  ...[0, -0, 1, -1, 0.1, 0.1 + 0.2, 12.34, -12.35, 1e-12, 5e-324, 1 / 3, 2 / 3, 1e300, -1e300],
  ...[2 ** 51, 2 ** 51 + 1, -(2 ** 51), 2 ** 52, 2 ** 53 - 1, 2 ** 63, 123_456_789.123, 0.5],
  ...[2 ** 30, -(2 ** 30), 2 ** 30 - 1, 2 ** 31, 2 ** 32, 255, 256, 65_535, 65_536, 16_777_216],
  ...[Infinity, -Infinity, Math.fround(0.1), 1.7e18, STALE, 0x7ff8000000000001n],
  ...[0xfff8000000000123n, 0x7ff0000000000001n, 0xffffffffffffffffn],
];

test('every pair of values comes back bit for bit, whatever was before', () => {
  for (const first of VALUES) {
    const commits = VALUES.flatMap((second, index) => [
      commitOf([[1, NOW + index, first]]),
      commitOf([[1, NOW + index, second]]),
      commitOf([[1, NOW + index, second]]),
    ]);
    check(commits);
    // Each pair on its own series too.
    check([
      commitOf(VALUES.map((_, index) => [index, NOW, first])),
      commitOf(VALUES.map((second, index) => [index, NOW, second])),
    ]);
  }
});

test('any commits come back', () => {
  const value = fc.oneof(
    fc.constantFrom(...VALUES),
    fc.integer({ min: -5000, max: 5000 }),
    fc.integer({ min: -5000, max: 5000 }).map((cents) => cents / 100),
    fc.double(),
    fc.bigInt(0n, 2n ** 64n - 1n),
  );
  const ref = fc.oneof(
    fc.nat({ max: 40 }),
    fc.nat({ max: 5000 }),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2),
  );
  const time = fc.oneof(
    fc.nat({ max: 3 }).map((tick) => NOW + 15_000 * tick),
    fc.integer({ min: NOW - 1e6, max: NOW + 1e6 }),
    fc.constantFrom(0, -5, Number.MAX_SAFE_INTEGER, 0.5, -1e300, 2 ** 50, -(2 ** 50)),
  );
  const bounds = fc.record({
    minTime: fc.constantFrom(Number.MIN_SAFE_INTEGER, NOW - 9e9, NOW - 9e9 + 7, -Infinity),
    maxTime: fc.constantFrom(NOW, NOW + 7, Infinity, 0.25),
    windowMs: fc.constantFrom(0, 7_200_000),
  });
  const commit = fc
    .tuple(fc.array(fc.tuple(ref, time, value), { maxLength: 60 }), bounds, fc.boolean())
    .map(([rows, given, hasState]) =>
      commitOf(rows, {
        bounds: given,
        state: hasState ? [['a/b', Uint8Array.of(0, 255)]] : [],
      }),
    );
  const property = fc.property(fc.array(commit, { maxLength: 12 }), (commits) => {
    check(commits);
  });
  fc.assert(property, { numRuns: 300 });
});

test('new series and the rest come back, texts that were told before as numbers', () => {
  const base = { cluster: 'production-eu', instance: '10.0.0.1:9100', job: 'node' };
  const series = Array.from({ length: 50 }, (_, index) => ({
    ref: index < 40 ? 100 + index : 4_294_967_295 - index,
    labels: Labels.fromObject({
      ...base,
      __name__: 'node_cpu_seconds_total',
      mode: ['idle', 'user', 'ä\u{1f30a}', 'x'.repeat(300)][index % 4]!,
      ...(index % 7 === 0 ? {} : { cpu: String(index >> 2) }),
    }),
  }));
  series.push({ ref: 1, labels: Labels.EMPTY });
  const [size] = check([
    commitOf([], { series }),
    commitOf([[1, NOW, 1]], {
      series: series.slice(0, 3),
      histograms: [{ ref: 3, timestamp: 5, histogram: undefined }],
      exemplars: [{ ref: 3, labelPairs: ['trace_id', ''], value: -0, timestamp: 9 }],
      metadata: [['m', { type: 'stateset', help: 'help', unit: 's' }]],
      state: [['a/c', undefined]],
    }),
  ]);
  const textBytes = series.reduce((sum, { labels }) => sum + labels.pairs.join('').length, 0);
  expect(size).toBeLessThan(textBytes / 5);
});

test('what comes again as before takes few bytes', () => {
  const rows = (tick: number): Row[] =>
    Array.from({ length: 1000 }, (_, index) => [
      1 + ((index * 617) % 1000),
      NOW + 15_000 * tick,
      index % 2 === 0 ? (index * 1000 + tick * 100) / 100 : index,
    ]);
  const sizes = check([0, 1, 2, 3].map((tick) => commitOf(rows(tick))));
  // Half a byte for each, and one for those that have moved.
  for (const size of sizes.slice(1)) expect(size).toBeLessThan(1000 + 30);
  const single = [0, 1, 2, 3].map((tick) => commitOf([[7, NOW + 15_000 * tick, tick]]));
  expect(check(single)[3]).toBeLessThanOrEqual(18);
});

test('where records are cut does not matter to how refs are guessed', () => {
  const refs = Array.from({ length: 3000 }, (_, index) => 1 + ((index * 1237) % 3001));
  const portions = [700, 1100, 900, 1300, 500, 2000, 2500];
  let at = 0;
  const commits = portions.map((length) => {
    const rows = Array.from({ length }, (): Row => [refs[at++ % 3000]!, NOW, 5]);
    return commitOf(rows);
  });
  const sizes = check(commits);
  expect(sizes.at(-1)).toBeLessThan(2500 / 2 + 40);
});

test('without a record those that depend on it are not whole, until the state restarts', () => {
  const log = new Log();
  const labels = Labels.fromObject({ __name__: 'm' });
  for (let index = 0; index < 9; index++) {
    if (index === 6) log.encoder.restart();
    log.add(commitOf([[1, NOW, index]], { series: [{ ref: index + 1, labels }] }));
  }
  for (let lost = 0; lost < 9; lost++) {
    const decoder = new TwoDecoders();
    for (let index = 0; index < 9; index++) {
      if (index === lost) continue;
      const { commit, isWhole } = log.read(decoder, index);
      expect(isWhole).toBe(index < lost || (lost < 6 && index >= 6));
      expect(commit.series.length).toBe(1);
      expect(commit.samples.length).toBe(isWhole ? 1 : 0);
    }
  }
});

test('a damaged record costs a stretch, and no more', () => {
  const log = new Log(2000);
  const rows = (tick: number): Row[] =>
    Array.from({ length: 50 }, (_, index) => [1 + index, NOW + 15_000 * tick, tick * index]);
  let bytes = 0;
  for (let tick = 0; tick < 200; tick++) bytes += log.add(commitOf(rows(tick)));
  for (const lost of [0, 50, 100, 150]) {
    const decoder = new TwoDecoders();
    const broken = log.records
      .map((_, index) => index !== lost && !log.read(decoder, index).isWhole)
      .filter((isBroken) => isBroken).length;
    // At most the rest of the stretch; each has 2000 bytes and eight samples of each series.
    expect(broken).toBeLessThan(Math.max(8, (200 * 2200) / bytes));
  }
});

test('commits without samples depend on none', () => {
  const log = new Log();
  const state = [['a', Uint8Array.of(1)]] as const;
  log.add(commitOf([[1, NOW, 1]]));
  log.add(commitOf([], { state }));
  log.add(commitOf([[1, NOW, 2]]));
  const decoder = new TwoDecoders();
  expect(log.read(decoder, 1).isWhole).toBe(true);
  expect(log.read(decoder, 0).isWhole).toBe(true);
  expect(log.read(decoder, 1).isWhole).toBe(true);
  expect(log.read(decoder, 2).isWhole).toBe(true);
});

test('a body that is cut short or changed is refused, and what depends on it too', () => {
  const rows = Array.from({ length: 40 }, (_, index): Row => {
    return [1 + (index % 20), NOW + index, VALUES[index % VALUES.length]!];
  });
  const first = commitOf(rows);
  const log = new Log();
  log.add(first);
  log.add(first);
  const { bytes, checksum } = log.records[0]!;
  for (let length = 1; length < bytes.length; length++) {
    const decoder = new TwoDecoders();
    const reader = new ByteReader(bytes, 1, length);
    expect(() => decoder.decode(reader, checksum)).toThrow(RecordFormatError);
    expect(log.read(decoder, 1).isWhole).toBe(false);
  }
  // Whatever a body says, reading it ends, and in order or with this error.
  const property = fc.property(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }))), (changes) => {
    const changed = bytes.slice();
    for (const [at, value] of changes) changed[1 + (at % (bytes.length - 1))] = value;
    try {
      new TwoDecoders().decode(new ByteReader(changed, 1, changed.length), 0);
    } catch (error) {
      expect(error).toBeInstanceOf(RecordFormatError);
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
