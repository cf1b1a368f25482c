import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { Labels } from '../../src/model/index.ts';
import type { EmbeddedStorage, Queryable, TimeRange } from '../../src/storage/index.ts';
import { openStorage, SampleOutcome } from '../../src/storage/index.ts';
import { compareUtf8, FakeClock } from '../../src/util/index.ts';
import { ALWAYS, equals } from '../contract/storage-access.ts';
import { connectThrough } from '../support/connect-through.ts';
import { MemoryFileSystem } from '../support/memory-file-system.ts';
import { SMALL_HISTOGRAM } from '../support/small-histogram.ts';
import { spreadRefs } from '../support/spread-refs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A round multiple of two hours. */
const START = 236_111 * 2 * HOUR;
const PODS = ['a', 'b', 'ba', 'c', '\u{1f600}', '\uff5e', 'd\u0000', 'é'];
const SERIES = PODS.flatMap((pod, index) => [
  Labels.fromObject({ __name__: 'm', job: index % 2 === 0 ? 'x' : 'y', pod }),
  Labels.fromObject({ __name__: 'n', pod, [`only_${index}`]: 'z' }),
]);

type Step =
  /** Each of the series, a set of bits, gets a sample after some minutes. */
  | { readonly kind: 'live'; readonly minutes: number; readonly series: number }
  | { readonly kind: 'late'; readonly series: number; readonly agoMinutes: number }
  | { readonly kind: 'histogram'; readonly series: number }
  | { readonly kind: 'delete'; readonly pod: string; from: number; to: number }
  /** Deletes all of a pod and waits until its labels are gone. */
  | { readonly kind: 'forget'; readonly pod: string }
  | { readonly kind: 'maintain' };

interface Case {
  readonly step: Step;
  /** Ranges that are asked for after it, in minutes from now back. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** Looks labels up after each step, by readers that have looked before. */
class Run {
  readonly #clock = new FakeClock(START);
  readonly #times = SERIES.map(() => new Set<number>());
  #storage!: EmbeddedStorage;
  #readers: readonly Queryable[] = [];

  async run(cases: readonly Case[], shards: number): Promise<void> {
    const storage = await openStorage(
      { data_dir: 'data', head_shards: shards, out_of_order_window_ms: HOUR, retention_ms: 0 },
      { files: new MemoryFileSystem(), clock: this.#clock },
    );
    this.#storage = shards === 1 ? storage : spreadRefs(storage, 2);
    this.#readers = [this.#storage, connectThrough(this.#storage.workerHandle())];
    for (const { step, ranges } of cases) {
      await this.#step(step);
      await this.#look(ALWAYS, step.kind);
      const now = this.#clock.now();
      for (const [from, to] of ranges) {
        const range = { minTime: now - from * MINUTE, maxTime: now - to * MINUTE };
        await this.#look(range, step.kind);
      }
    }
    await this.#storage.close();
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'live':
        await this.#clock.advance(step.minutes * MINUTE);
        for (const index of SERIES.keys()) {
          if ((step.series & (1 << index)) !== 0) await this.#commit(index, this.#clock.now());
        }
        return;
      case 'late':
        return this.#commit(step.series, this.#clock.now() - step.agoMinutes * MINUTE);
      case 'histogram':
        return this.#commitHistogram(step.series);
      case 'delete': {
        const now = this.#clock.now();
        return this.#delete(step.pod, now - step.from * MINUTE, now - step.to * MINUTE);
      }
      case 'forget':
        await this.#delete(step.pod, -Infinity, Infinity);
        await this.#storage.maintain();
        return this.#storage.maintain();
      case 'maintain':
        return this.#storage.maintain();
    }
  }

  async #commit(index: number, time: number): Promise<void> {
    const appender = this.#storage.appender();
    appender.samples.push(appender.series(SERIES[index]!), time, 1);
    const { outcomes } = await appender.commit();
    const outcome = outcomes?.[0] ?? SampleOutcome.STORED;
    if (outcome === SampleOutcome.STORED) this.#times[index]!.add(time);
  }

  async #commitHistogram(index: number): Promise<void> {
    await this.#clock.advance(1000);
    const appender = this.#storage.appender();
    appender.addHistogram(appender.series(SERIES[index]!), this.#clock.now(), SMALL_HISTOGRAM);
    const { histogramOutcomes } = await appender.commit();
    assert.equal(histogramOutcomes, undefined);
    this.#times[index]!.add(this.#clock.now());
  }

  async #delete(pod: string, minTime: number, maxTime: number): Promise<void> {
    await this.#storage.deleteSeries(equals({ pod }), { minTime, maxTime });
    for (const [index, labels] of SERIES.entries()) {
      const times = this.#times[index]!;
      if (labels.get('pod') !== pod) continue;
      for (const time of times) if (time >= minTime && time <= maxTime) times.delete(time);
    }
  }

  async #look(range: TimeRange, after: string): Promise<void> {
    const there = SERIES.filter((_, index) =>
      [...this.#times[index]!].some((time) => time >= range.minTime && time <= range.maxTime),
    ).sort((one, other) => one.compare(other));
    const valuesOf = (name: string): string[] =>
      [...new Set(there.map((labels) => labels.get(name)))]
        .filter((value) => value !== '')
        .sort(compareUtf8);
    const names = [...new Set(there.flatMap(({ pairs }) => pairs.filter((_, at) => at % 2 === 0)))];
    const inX = there.filter((labels) => labels.get('job') === 'x');
    for (const [number, reader] of this.#readers.entries()) {
      const querier = reader.querier();
      const where = `after ${after}, reader ${number}, ${JSON.stringify(range)}`;
      for (const name of ['pod', 'job', '__name__', 'only_3', 'none']) {
        const wanted = valuesOf(name);
        assert.deepEqual(await querier.labelValues(name, [], range), wanted, `${name} ${where}`);
        assert.deepEqual(await querier.labelValues(name, [], range, 2), wanted.slice(0, 2), where);
      }
      assert.deepEqual(await querier.labelNames([], range), names.sort(compareUtf8), where);
      const lists = [equals({ job: 'x' })];
      const texts = (all: readonly Labels[]): string[] => all.map(String);
      assert.deepEqual(texts(await querier.series(lists, range)), texts(inX), where);
      const some = texts(await querier.series(lists, range, 3));
      assert.deepEqual(some, texts(inX).slice(0, 3), where);
      querier.close();
      const atOnce = reader.seriesNow?.(equals({ job: 'x' }), range, SERIES.length);
      if (atOnce !== undefined) assert.deepEqual(texts(atOnce), texts(inX), where);
    }
  }
}

const seriesNumber = fc.nat({ max: SERIES.length - 1 });
const minutesAgo = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 600 }));
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('live' as const),
      minutes: fc.constantFrom(1, 10, 60, 130),
      series: fc.integer({ min: 1, max: 2 ** SERIES.length - 1 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      series: seriesNumber,
      agoMinutes: fc.nat({ max: 70 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('histogram' as const), series: seriesNumber }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      pod: fc.constantFrom(...PODS),
      from: minutesAgo,
      to: fc.constantFrom(0, 0, 0, 10, 100),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('forget' as const), pod: fc.constantFrom(...PODS) }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'maintain' }) },
);
const casesArbitrary = fc.array(
  fc.record({
    step: stepArbitrary,
    ranges: fc.array(fc.tuple(minutesAgo, fc.nat({ max: 60 })), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 20 },
);

test('look-ups of labels find what is there, whatever came and went since the last', async () => {
  await fc.assert(
    fc.asyncProperty(casesArbitrary, fc.constantFrom(1, 2), (cases, shards) =>
      new Run().run(cases, shards),
    ),
    { numRuns: 50 },
  );
}, 120_000);
