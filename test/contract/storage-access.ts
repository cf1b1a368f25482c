import type { Labels, Matcher } from '../../src/model/index.ts';
import { createMatcher, HIGH_WORD, LOW_WORD, SampleColumns } from '../../src/model/index.ts';
import type {
  Appender,
  CommitResult,
  HistogramSample,
  Queryable,
  SelectHints,
  Storage,
} from '../../src/storage/index.ts';
import { dumpLine } from './naive-storage.ts';

/** All times. */
export const ALWAYS = { minTime: -Infinity, maxTime: Infinity };

/** The bits of an ordinary number. */
export function bitsOf(value: number): bigint {
  return new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
}

export function pushBits(appender: Appender, ref: number, timestamp: number, bits: bigint): void {
  appender.samples.pushBits(ref, timestamp, Number(bits & 0xffffffffn), Number(bits >> 32n));
}

/** `name`, then label and value in turn: a matcher for equality of each. */
export function equals(pairs: Readonly<Record<string, string>>): Matcher[] {
  return Object.entries(pairs).map(([name, value]) => createMatcher('=', name, value));
}

/** Commits samples of one series: `[time, value]`. */
export async function store(
  storage: Storage,
  labels: Labels,
  samples: readonly (readonly [number, number])[],
): Promise<CommitResult> {
  const appender = storage.appender();
  const ref = appender.series(labels);
  for (const [timestamp, value] of samples) appender.samples.push(ref, timestamp, value);
  return appender.commit();
}

export interface SeriesDump {
  readonly labels: Labels;
  /** `[time, bits]` */
  readonly samples: readonly (readonly [number, bigint])[];
  readonly histograms: readonly HistogramSample[];
}

/** All that a selection finds. */
export async function readAll(
  queryable: Queryable,
  matchers: readonly Matcher[] = [],
  range: SelectHints = ALWAYS,
): Promise<SeriesDump[]> {
  const querier = queryable.querier();
  try {
    const set = await querier.select(matchers, range);
    return Array.from({ length: set.length }, (_, index) => {
      const columns = new SampleColumns(1);
      set.samples(index, columns);
      const samples = Array.from({ length: columns.length }, (_, at): [number, bigint] => [
        columns.timestamps[at]!,
        (BigInt(columns.words[2 * at + HIGH_WORD]!) << 32n) |
          BigInt(columns.words[2 * at + LOW_WORD]!),
      ]);
      return { labels: set.labels(index), samples, histograms: set.histograms(index) };
    });
  } finally {
    querier.close();
  }
}

/** Every float sample, a line each, in order of label sets and times. */
export async function dumpStorage(queryable: Queryable): Promise<string[]> {
  const lines: string[] = [];
  for (const { labels, samples } of await readAll(queryable)) {
    for (const [timestamp, bits] of samples) lines.push(dumpLine(labels, timestamp, bits));
  }
  return lines;
}

/** Label sets of a selection, as text. */
export async function selectNames(
  queryable: Queryable,
  matchers: readonly Matcher[],
  range = ALWAYS,
): Promise<string[]> {
  return (await readAll(queryable, matchers, range)).map(({ labels }) => labels.toString());
}
