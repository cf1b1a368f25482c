import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpositionError } from '../../src/formats/index.ts';
import { IngestKernel } from '../../src/ingest/kernel/index.ts';
import type { TextFormat } from '../../src/ingest/pull/loop/body-format.ts';
import { FamilyMetadata } from '../../src/ingest/pull/loop/family-metadata.ts';
import { type ScanTarget, scanInKernel } from '../../src/ingest/pull/loop/kernel-scan.ts';
import { PlainScan } from '../../src/ingest/pull/loop/plain-scan.ts';
import type { SeriesRules } from '../../src/ingest/pull/loop/series-resolver.ts';
import { TargetSeries } from '../../src/ingest/pull/loop/target-series.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../../src/ingest/pull/options.ts';
import { ScrapeError } from '../../src/ingest/pull/errors.ts';
import { compileRelabel } from '../../src/ingest/relabel/index.ts';
import { HIGH_WORD, Labels, LOW_WORD } from '../../src/model/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { FakeStorage } from '../support/fake-storage.ts';
import { bodiesBelow, mutate } from '../support/kernel-guard.ts';
import { conformancePath, requires } from '../support/requirements.ts';

const NOW_MS = 1_700_000_000_000;

const byNumber = (a: number, b: number): number => a - b;

/** One target, scraped one way or the other; the refs of both ways are the same. */
class Target {
  readonly series: TargetSeries;
  readonly metadata = new FamilyMetadata();
  readonly #kernel: IngestKernel;
  readonly #storage: FakeStorage;
  readonly #rules: SeriesRules;
  readonly #usesKernel: boolean;
  plainScans = 0;

  constructor(kernel: IngestKernel, storage: FakeStorage, rules: SeriesRules, usesKernel: boolean) {
    this.#kernel = kernel;
    this.#storage = storage;
    this.#rules = rules;
    this.#usesKernel = usesKernel;
    this.series = new TargetSeries(kernel);
  }

  /** Everything that a body comes to, in words. */
  scrape(bytes: Uint8Array, format: TextFormat): unknown {
    const { series, metadata } = this;
    const appender = this.#storage.appender();
    const exemplarsBefore = this.#storage.exemplars.length;
    const target: ScanTarget = {
      series,
      metadata,
      rules: this.#rules,
      appender,
      histogramRefs: [],
    };
    const scraped = { format, bytes, timestamp: NOW_MS };
    series.begin(format);
    let result = this.#usesKernel ? scanInKernel(this.#kernel, scraped, target) : undefined;
    if (result === undefined) {
      this.plainScans++;
      const plain = new PlainScan(scraped, target);
      try {
        result = plain.run();
      } catch (error) {
        if (!(error instanceof ExpositionError || error instanceof ScrapeError)) throw error;
        metadata.abandon();
        const markers = series.previousRefs().toSorted(byNumber);
        series.fail();
        return { error: error.message, counts: plain.counts, markers };
      }
    }
    const missing = series.missingRefs().toSorted(byNumber);
    series.succeed();
    const { length, refs, timestamps, words } = appender.samples;
    const samples = Array.from({ length }, (_, index) => [
      refs[index],
      timestamps[index],
      words[2 * index + LOW_WORD],
      words[2 * index + HIGH_WORD],
    ]);
    if (metadata.committed()) series.renew(true);
    const exemplars = this.#storage.exemplars.slice(exemplarsBefore);
    return { counts: result.counts, missing, samples, exemplars, families: metadata.list() };
  }
}

function rulesOf(settings: Readonly<Record<string, unknown>>): SeriesRules {
  const yaml = { job_name: 'j', static_configs: [{ targets: ['h:1'] }], ...settings };
  const { configs } = resolveScrapeConfigs({}, [scrapeConfigSchema.parse(yaml)], '');
  const config = configs[0]!;
  const targetLabels = Labels.fromObject({ job: 'j', instance: 'h:1' });
  return { config, targetLabels, metricRules: compileRelabel(config.metricRelabelConfigs) };
}

const SETTINGS = [
  {},
  { honor_timestamps: false },
  { track_timestamps_staleness: true, honor_labels: true },
  { sample_limit: 4 },
  {
    metric_relabel_configs: [
      { source_labels: ['__name__'], regex: 'b', action: 'drop' },
      { regex: 'y', action: 'labeldrop' },
    ],
  },
  { label_limit: 4, label_value_length_limit: 6 },
].map(rulesOf);

const kernel = new IngestKernel({ identityBytes: 2 ** 24, clock: new FakeClock(NOW_MS) });

function check(rules: SeriesRules, bodies: readonly Uint8Array[], format: TextFormat): Target {
  const storage = new FakeStorage();
  const fast = new Target(kernel, storage, rules, true);
  const plain = new Target(kernel, storage, rules, false);
  for (const body of bodies) {
    const want = plain.scrape(body, format);
    expect(fast.scrape(body, format)).toEqual(want);
  }
  fast.series.close();
  plain.series.close();
  return fast;
}

const line = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c{x="1"}', 'c{x="2",y="3"}', 'c{y="4",x="2"}', '{"d.e",x="é"}', 'f'),
    fc.constantFrom('1', '0.25', 'NaN', '-Inf', '0.12345678901234567890123', '17e22', '0.1'),
    fc.constantFrom('', '', '', ` ${NOW_MS - 5}`, ` ${NOW_MS + 3_600_000}`, ' 1.0000000000000001'),
    fc.constantFrom('\n', '\n', '\n', ' # {t="1"} 0.5\n', ' # {t="1"} 0.5 12.5\n', ' # {t=} 1\n'),
  )
  .map((parts) => parts.join(''));
const comment = fc.constantFrom(
  ...['# TYPE a counter\n', '# TYPE a gauge\n', '# HELP a one\n', '# HELP a two\n', '# TYPE f x\n'],
  ...['# HELP c what\\n it "is"\n', '# UNIT a_s s\n', '#\n', '# TYPE "d.e" unknown\n', '\n'],
);
const wholeBody = fc
  .array(fc.oneof({ weight: 5, arbitrary: line }, { weight: 2, arbitrary: comment }), {
    maxLength: 9,
  })
  .map((lines) => lines.join(''));

const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 3,
  maxLength: 9,
});

describe('a body through the kernel, and read line by line', () => {
  test('come to the same, scrape after scrape', () => {
    fc.assert(
      fc.property(
        fc.array(wholeBody, { minLength: 1, maxLength: 6 }),
        fc.constantFrom<TextFormat>('text', 'openmetrics'),
        fc.constantFrom(...SETTINGS),
        (texts, format, rules) => {
          const ending = format === 'openmetrics' ? '# EOF\n' : '';
          check(
            rules,
            texts.map((text) => Buffer.from(text + ending)),
            format,
          );
        },
      ),
      { numRuns: 1500 },
    );
  }, 60_000);

  test('a body that was seen before is not read plainly', () => {
    const body = Buffer.from('# TYPE a counter\na 1\nc{x="1"} 2\n');
    const target = check(SETTINGS[0]!, [body, body, body], 'text');
    expect(target.plainScans).toBe(0);
  });

  test('a line that was known counts if it comes after one that is new', () => {
    const bodies = ['# TYPE a counter\n', '# TYPE a gauge\n# TYPE a counter\n', '# TYPE a gauge\n'];
    const target = check(
      SETTINGS[0]!,
      bodies.map((body) => Buffer.from(body)),
      'text',
    );
    expect(target.plainScans).toBe(0);
  });

  for (const area of ['exposition-real', 'exposition-samples']) {
    requires({ conformance: area }).describe(area, () => {
      const bodies = (): Buffer[] =>
        bodiesBelow(conformancePath(area), ['.txt', '/metrics', '.prom', '.om']);

      test('as it is, and changed', () => {
        expect(bodies().length).toBeGreaterThan(3);
        for (const whole of bodies()) {
          const body = whole.subarray(0, 6000);
          for (const format of ['text', 'openmetrics'] as const) {
            check(SETTINGS[0]!, [body, body], format);
            fc.assert(
              fc.property(choices, fc.constantFrom(...SETTINGS), (some, rules) => {
                check(rules, [body, mutate(body, some), body], format);
              }),
              { numRuns: 4 },
            );
          }
        }
      }, 60_000);
    });
  }
});
