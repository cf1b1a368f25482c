import fc from 'fast-check';
import { Labels } from '../../src/model/index.ts';
import { SampleBatch } from '../../src/storage/api.ts';
import type { Commit, NewSeries } from '../../src/storage/head/commit.ts';
import { Head } from '../../src/storage/head/head.ts';
import { ByteReader, RecordFormatError } from '../../src/storage/wal/byte-reader.ts';
import { ByteWriter } from '../../src/storage/wal/byte-writer.ts';
import { CommitDecoder, CommitEncoder } from '../../src/storage/wal/commit-codec.ts';
import { Canaries, mutate, testKernel } from '../support/kernel-guard.ts';
import type { FuzzOptions } from './promql.ts';

const MIB = 2 ** 20;
/** Runs with the same head and kernel, between two looks at what lies around them. */
const BATCH = 250;
const NOW = 1_700_000_000_000;

const text = fc.oneof(
  fc.constantFrom('job', 'a', 'node', 'ünï', '日本', '😀', 'x'.repeat(70)),
  fc.nat({ max: 3000 }).map((own) => `own ${own}`),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const series = fc.array(
  fc.tuple(
    fc.uniqueArray(fc.tuple(text, text), { maxLength: 6, selector: ([name]) => name }),
    fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.nat({ max: 2 ** 32 - 1 })),
  ),
  { maxLength: 12 },
);
const rows = fc.array(
  fc.tuple(
    fc.oneof(fc.nat({ max: 700 }), fc.nat({ max: 2 ** 32 - 1 })),
    fc.oneof(fc.nat({ max: 4 }), fc.double()),
    fc.oneof(
      fc.integer(),
      fc.nat({ max: 9999 }).map((cents) => cents / 100),
      fc.double(),
    ),
  ),
  { maxLength: 40 },
);
const damage = fc.oneof(
  { weight: 3, arbitrary: fc.constant<number[]>([]) },
  {
    weight: 5,
    arbitrary: fc.array(
      fc.nat({ max: 9999 }).map((part) => part / 10_000),
      {
        minLength: 3,
        maxLength: 12,
      },
    ),
  },
);
const record = fc.record({ series, rows, damage });

/**
 * Records of the log, well-formed and damaged ones, read with the kernel and in TypeScript: the
 * same samples, the same head, and nothing written outside. The number of failures found.
 */
export async function fuzzLog(
  { runs, seed, failures }: FuzzOptions,
  print: (line: string) => void,
): Promise<number> {
  let failed = 0;
  let done = 0;
  for (let batch = 0; done < runs && failed < failures; batch++) {
    const numRuns = Math.min(BATCH, runs - done);
    const pair = new BothWays();
    const property = fc.property(fc.array(record, { maxLength: 6 }), (plan) => pair.check(plan));
    const outcome = fc.check(property, { numRuns, seed: seed + batch, endOnFailure: true });
    done += numRuns;
    if (outcome.failed || !pair.isIntact) {
      failed++;
      const error: unknown = outcome.errorInstance;
      print(`FAILED: ${error instanceof Error ? error.stack : 'written outside'}`);
      print(`replay with --seed ${seed + batch} --runs ${BATCH}`);
    }
    if (done % (10 * BATCH) === 0 || done === runs) {
      print(`${done} logs, ${failed} failures; ${JSON.stringify(pair.tally)}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return failed;
}

interface Plan {
  readonly series: readonly (readonly [(readonly [string, string])[], number])[];
  readonly rows: readonly (readonly [number, number, number])[];
  readonly damage: readonly number[];
}

/** A head filled in TypeScript and one filled with the kernel, through all runs of a batch. */
class BothWays {
  readonly tally = { records: 0, refused: 0, series: 0, samples: 0 };
  readonly #single = newHead();
  readonly #together = newHead();
  readonly #run = this.#together.series.openRun()!;
  readonly #kernel = testKernel(256 * MIB);
  readonly #samples = this.#kernel.openLogSamples();
  readonly #canaries = [
    new Canaries(this.#kernel, 6),
    new Canaries(this.#together.shards[0]!.kernel, 6),
  ];

  get isIntact(): boolean {
    return this.#canaries.every((canaries) => canaries.areIntact);
  }

  check(plan: readonly Plan[]): void {
    const encoder = new CommitEncoder(300);
    const own = new CommitDecoder();
    const kernel = new CommitDecoder({
      seriesRun: this.#run,
      openSamples: () => this.#samples,
    });
    for (const [index, one] of plan.entries()) {
      const writer = new ByteWriter();
      encoder.encode(writer, commitOf(one));
      encoder.sealed(index + 1);
      const bytes = mutate(writer.written(), one.damage);
      this.tally.records++;
      this.#same(own, kernel, bytes, index + 1);
    }
  }

  #same(own: CommitDecoder, kernel: CommitDecoder, bytes: Uint8Array, checksum: number): void {
    const want = attempt(() => own.decode(new ByteReader(bytes, 1, bytes.length), checksum));
    const got = attempt(() => kernel.decode(new ByteReader(bytes, 1, bytes.length), checksum));
    if (want === undefined || got === undefined) {
      this.tally.refused++;
      expectSame(got === undefined, want === undefined, 'refused');
      return;
    }
    expectSame(got.isWhole, want.isWhole, 'whole');
    expectSame(columnsOf(got.commit), columnsOf(want.commit), 'samples');
    this.tally.samples += want.commit.samples.length;
    this.tally.series += want.commit.series.length;
    // Refs are from 1 on; one that damage made another way nobody has written.
    if (want.commit.series.some(({ ref }) => ref === 0 || ref === 2 ** 32 - 1)) return;
    this.#single.apply(want.commit);
    this.#together.apply(got.commit);
    for (const { ref } of want.commit.series) {
      expectSame(this.#describe(this.#together, ref), this.#describe(this.#single, ref), 'series');
    }
  }

  #describe(head: Head, ref: number): unknown {
    const own = head.series.resolve(ref);
    const { size, pairCount, symbolCount } = head.shards[0]!.index;
    const { pairs } = head.series.labels(own);
    const samples = head.series.shard(own).kernel.sampleCountOf(own);
    return { own, size, pairCount, symbolCount, pairs, samples, nextRef: head.series.nextRef };
  }
}

function newHead(): Head {
  return new Head({ maxExemplars: 0, shardCount: 1, shardBytes: 1024 * MIB });
}

function commitOf({ series: created, rows: given }: Plan): Commit {
  const samples = new SampleBatch();
  for (const [ref, time, value] of given) {
    samples.push(ref, Number.isInteger(time) ? NOW + 15_000 * time : time, value);
  }
  const bounds = { minTime: NOW - 1e9, maxTime: NOW + 1e9, windowMs: 1000 };
  const news: NewSeries[] = created.map(([pairs, ref]) => ({
    ref,
    labels: Labels.fromPairs(pairs.filter(([name, value]) => name !== '' && value !== '').flat()),
  }));
  return { bounds, series: news, samples, histograms: [], exemplars: [], metadata: [], state: [] };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RecordFormatError) return undefined;
    throw error;
  }
}

function columnsOf({ samples, bounds }: Commit): unknown {
  const { length, refs, timestamps, words } = samples;
  return {
    bounds: String([bounds.minTime, bounds.maxTime, bounds.windowMs]),
    refs: refs.subarray(0, length).join(),
    times: timestamps.subarray(0, length).join(),
    words: words.subarray(0, 2 * length).join(),
  };
}

function expectSame(got: unknown, want: unknown, what: string): void {
  const [gotText, wantText] = [JSON.stringify(got), JSON.stringify(want)];
  if (gotText !== wantText) throw new Error(`${what}: ${gotText}, wanted ${wantText}`);
}
