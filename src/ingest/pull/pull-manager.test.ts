import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { FakeStorage } from '../../../test/support/fake-storage.ts';
import type { SourceContact, SourceDescription } from '../../sources/index.ts';
import { type LogFields, silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import type { ScrapeRequest, TransportFactory } from './http/transport.ts';
import { type PullMetrics, silentPullMetrics } from './metrics.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from './options.ts';
import { PullManager } from './pull-manager.ts';
import type { ActiveTarget } from './pool/target-status.ts';

/** Answers nothing until the scrape is given up. */
const HANG = { hang: true } as const;

/** What a target answers: a body, or what to do. */
type Answer =
  | string
  | { readonly body: string; readonly contentType: string }
  | { readonly error: Error }
  | typeof HANG;

const TEXT = 'text/plain; version=0.0.4';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0';

const INTERVAL_MS = 10_000;

interface Fixture {
  readonly storage: FakeStorage;
  readonly manager: PullManager;
  readonly clock: FakeClock;
  readonly requests: ScrapeRequest[];
  readonly contacts: [string, SourceContact][];
  readonly expected: SourceDescription[];
  readonly ended: string[];
  readonly removed: string[];
  readonly counts: Record<string, number>;
  readonly logs: LogFields[];
  /** What targets answer from now on, by host; `*` for the others. */
  readonly answers: Map<string, Answer>;
  readonly apply: (...configs: object[]) => void;
  /** The only target. */
  readonly target: () => ActiveTarget;
  /** Lets so many intervals pass. */
  readonly scrape: (times?: number) => Promise<void>;
}

function setUp(): Fixture {
  const storage = new FakeStorage();
  const clock = new FakeClock(1_700_000_000_000);
  const requests: ScrapeRequest[] = [];
  const contacts: [string, SourceContact][] = [];
  const expected: SourceDescription[] = [];
  const ended: string[] = [];
  const removed: string[] = [];
  const counts: Record<string, number> = {};
  const logs: LogFields[] = [];
  const answers = new Map<string, Answer>();
  const transport: TransportFactory = () => ({
    async get(request, body, signal) {
      requests.push(request);
      const answer = answers.get(new URL(request.url).host) ?? answers.get('*') ?? '';
      if (typeof answer === 'object' && 'hang' in answer) {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      }
      if (typeof answer === 'object' && 'error' in answer) throw answer.error;
      const { body: text, contentType } =
        typeof answer === 'string' ? { body: answer, contentType: TEXT } : answer;
      body.append(Buffer.from(text));
      return contentType;
    },
    close: async () => {},
  });
  const names = Object.keys(silentPullMetrics()) as (keyof PullMetrics)[];
  const metrics = Object.fromEntries(
    names.map((name) => [
      name,
      {
        inc: (by = 1) => (counts[name] = (counts[name] ?? 0) + by),
        observe() {},
        set() {},
      },
    ]),
  ) as unknown as PullMetrics;
  const manager = new PullManager({
    clock,
    storage,
    sources: {
      expect: (source) => expected.push(source),
      contact: (id, contact) => contacts.push([id, contact]),
      end: (id) => ended.push(id),
      remove: (id) => removed.push(id),
    },
    metrics,
    logger: { ...silentLogger, error: (fields) => logs.push(fields) },
    version: 'test',
    transport,
  });
  return {
    storage,
    manager,
    clock,
    requests,
    contacts,
    expected,
    ended,
    removed,
    counts,
    logs,
    answers,
    apply(...configs) {
      const parsed = configs.map((config) =>
        scrapeConfigSchema.parse({
          job_name: 'j',
          scrape_interval: '10s',
          scrape_timeout: '5s',
          static_configs: [{ targets: ['h:1'] }],
          ...config,
        }),
      );
      const { configs: resolved, issues } = resolveScrapeConfigs({}, parsed, '');
      expect(issues).toEqual([]);
      manager.apply(resolved);
    },
    target() {
      const [target] = manager.targets().activeTargets;
      if (target === undefined) throw new Error('no target');
      return target;
    },
    async scrape(times = 1) {
      for (let index = 0; index < times; index++) await clock.advance(INTERVAL_MS);
    },
  };
}

/** Scrapes one target with these answers, one after the other. */
async function scrapeAll(answers: readonly Answer[], config: object = {}): Promise<Fixture> {
  const fixture = setUp();
  fixture.apply(config);
  for (const answer of answers) {
    fixture.answers.set('*', answer);
    await fixture.scrape();
  }
  return fixture;
}

const FAILED: Answer = { error: new Error('connection refused') };

describe('a scrape', () => {
  it('stores the samples under the labels of the target, and reports itself', async () => {
    const { storage, target, contacts } = await scrapeAll(['a 1\nb{x="y"} 2.5\n# comment\n']);
    const all = storage.all();
    expect(Object.keys(all).sort()).toEqual(
      [
        'a{instance="h:1", job="j"}',
        'b{instance="h:1", job="j", x="y"}',
        'scrape_duration_seconds{instance="h:1", job="j"}',
        'scrape_samples_post_metric_relabeling{instance="h:1", job="j"}',
        'scrape_samples_scraped{instance="h:1", job="j"}',
        'scrape_series_added{instance="h:1", job="j"}',
        'up{instance="h:1", job="j"}',
      ].sort(),
    );
    expect(storage.values('up')).toEqual([1]);
    expect(storage.values('scrape_samples_scraped')).toEqual([2]);
    expect(storage.values('scrape_series_added')).toEqual([2]);
    const times = new Set(Object.values(all).map(([sample]) => sample?.timestamp));
    expect(times.size).toBe(1);
    expect(storage.commits).toBe(1);
    expect(target()).toMatchObject({ health: 'up', lastError: '' });
    expect(contacts).toEqual([
      ['pull/j/http://h:1/metrics', { samples: 2, rejected: 0, durationMs: 0 }],
    ]);
  });

  it('takes place at a time that the hash fixes, and stamps its samples with it', async () => {
    const { storage, clock } = await scrapeAll(['a 1', 'a 2', 'a 3']);
    const times = storage.samples('a').map((sample) => sample.timestamp);
    const [first = 0] = times;
    expect(times).toEqual([first, first + INTERVAL_MS, first + 2 * INTERVAL_MS]);
    const again = setUp();
    again.answers.set('*', 'a 1');
    again.apply({});
    await again.scrape();
    expect(again.storage.samples('a')[0]?.timestamp).toBe(first);
    expect(first % INTERVAL_MS).not.toBe(clock.now() % INTERVAL_MS);
  });

  it('asks for what is configured', async () => {
    const { requests } = await scrapeAll(['a 1'], {
      params: { module: ['x'] },
      scrape_timeout: '2500ms',
      enable_compression: false,
    });
    expect(requests[0]).toEqual({
      url: 'http://h:1/metrics?module=x',
      headers: {
        accept:
          'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,' +
          'application/openmetrics-text;version=0.0.1;q=0.5,' +
          'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,' +
          'text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
        'accept-encoding': 'identity',
        'user-agent': 'Tidegauge/test',
        'x-prometheus-scrape-timeout-seconds': '2.5',
      },
    });
  });

  it('reads OpenMetrics where the Content-Type says so, with exemplars and metadata', async () => {
    const body =
      '# TYPE foo counter\n# HELP foo It \\"counts\\".\nfoo_total 3 # {trace="t1"} 0.5\n' +
      '# TYPE bar_seconds gauge\n# UNIT bar_seconds seconds\nbar_seconds 2 1700000000.5\n# EOF\n';
    const { storage, counts } = await scrapeAll([
      { body, contentType: OPENMETRICS },
      { body, contentType: OPENMETRICS },
    ]);
    expect(storage.values('foo_total')).toEqual([3, 3]);
    expect(storage.samples('bar_seconds')).toEqual([{ timestamp: 1_700_000_000_500, value: 2 }]);
    expect(storage.metadata.get('foo')).toEqual({
      type: 'counter',
      help: 'It "counts".',
      unit: '',
    });
    expect(storage.metadata.get('bar_seconds')?.unit).toBe('seconds');
    expect(storage.metadataCalls).toEqual(['foo', 'bar_seconds']);
    expect(storage.exemplars[0]?.exemplar).toMatchObject({
      labelPairs: ['trace', 't1'],
      value: 0.5,
      timestamp: storage.samples('foo_total')[0]?.timestamp,
    });
    // The second body repeats its own time: stored already.
    expect(counts['samplesDuplicate'] ?? 0).toBe(0);
  });

  it('sends metadata on only when it changes', async () => {
    const body = (help: string): string => `# HELP a ${help}\n# TYPE a gauge\na 1\n`;
    const { storage, manager } = await scrapeAll([body('one'), body('one'), body('two')]);
    expect(storage.metadataCalls).toEqual(['a', 'a']);
    expect(storage.metadata.get('a')?.help).toBe('two');
    expect(manager.targetMetadata()[0]?.metadata).toEqual([
      { metricFamily: 'a', type: 'gauge', help: 'two', unit: '' },
    ]);
  });

  it('keeps no metadata of a scrape that failed, nor any number of it', async () => {
    const fixture = await scrapeAll(['# TYPE a gauge\na 1\n']);
    for (let index = 0; index < 300; index++) {
      fixture.answers.set('*', `# TYPE bad${index} counter\nbad${index} 1\nbroken{\n`);
      await fixture.scrape();
    }
    const [shown] = fixture.manager.targetMetadata();
    expect(shown?.metadata.length).toBeLessThan(3);
    fixture.answers.set('*', '# TYPE a gauge\na 1\n');
    await fixture.scrape();
    expect(new Set(fixture.storage.metadataCalls)).toEqual(new Set(['a']));
    expect(fixture.manager.targetMetadata()[0]?.metadata).toMatchObject([{ metricFamily: 'a' }]);
  });

  it('keeps the time that a target gives, unless told not to', async () => {
    const body = 'a 1 1700000000123\nb 2\n';
    const honoured = await scrapeAll([body]);
    expect(honoured.storage.samples('a')[0]?.timestamp).toBe(1_700_000_000_123);
    const ignored = await scrapeAll([body], { honor_timestamps: false });
    const { timestamp } = ignored.storage.samples('b')[0] ?? {};
    expect(ignored.storage.samples('a')[0]?.timestamp).toBe(timestamp);
  });

  it('refuses times that are too far ahead', async () => {
    const ahead = 1_700_000_000_000 + 3_600_000;
    const { storage, counts } = await scrapeAll([`a 1 ${ahead}\nb 1\n`]);
    expect(storage.values('a')).toEqual([]);
    expect(storage.values('b')).toEqual([1]);
    expect(counts['samplesOutOfBounds']).toBe(1);
  });

  it('keeps the first of two samples of a series, and counts the other', async () => {
    const { storage, counts } = await scrapeAll(['a 1\na 2\nb{x="1",y="2"} 1\nb{y="2",x="1"} 5\n']);
    expect(storage.values('a')).toEqual([1]);
    expect(storage.values('b')).toEqual([1]);
    expect(storage.values('up')).toEqual([1]);
    expect(storage.values('scrape_samples_scraped')).toEqual([4]);
    expect(storage.values('scrape_samples_post_metric_relabeling')).toEqual([4]);
    expect(counts['samplesDuplicate']).toBe(2);
  });

  it('takes several samples of a series that have times of their own', async () => {
    const { storage } = await scrapeAll(['a 1 1700000000001\na 2 1700000000002\n']);
    expect(storage.values('a')).toEqual([1, 2]);
  });

  it('stores NaN and infinities, and NaN is no staleness marker', async () => {
    const { storage } = await scrapeAll(['a NaN\nb +Inf\nc -Inf\n']);
    expect(storage.values('a')).toEqual([NaN]);
    expect(storage.values('b')).toEqual([Infinity]);
    expect(storage.values('c')).toEqual([-Infinity]);
  });
});

describe('labels of scraped series', () => {
  it('renames those that clash with the target', async () => {
    const body = 'a{job="x",instance="",exported_job="y",other="z"} 1\n';
    const { storage } = await scrapeAll([body]);
    expect(Object.keys(storage.all())).toContain(
      'a{exported_exported_job="x", exported_job="y", instance="h:1", job="j", other="z"}',
    );
  });

  it('keeps those that clash with honor_labels, also an empty one', async () => {
    const { storage } = await scrapeAll(['a{job="x",instance=""} 1\n'], { honor_labels: true });
    expect(Object.keys(storage.all())).toContain('a{job="x"}');
  });

  it('are relabelled, and dropped series are not counted', async () => {
    const { storage } = await scrapeAll(['a 1\nb 2\nc 3\n', 'a 1\nb 2\nc 3\n'], {
      metric_relabel_configs: [
        { source_labels: ['__name__'], regex: 'b', action: 'drop' },
        { source_labels: ['__name__'], regex: 'c', target_label: '__name__', replacement: 'd' },
      ],
    });
    expect(storage.values('b')).toEqual([]);
    expect(storage.values('d')).toEqual([3, 3]);
    expect(storage.values('scrape_samples_scraped')).toEqual([3, 3]);
    expect(storage.values('scrape_samples_post_metric_relabeling')).toEqual([2, 2]);
    expect(storage.values('scrape_series_added')).toEqual([2, 0]);
  });

  it('must have a name, and a legal one', async () => {
    const dropName = { metric_relabel_configs: [{ regex: '__name__', action: 'labeldrop' }] };
    const nameless = await scrapeAll(['a 1\n'], dropName);
    expect(nameless.target().lastError).toBe('missing metric name (__name__ label)');
    const utf8 = await scrapeAll(['{"a.b"} 1\n']);
    expect(utf8.storage.values('a.b')).toEqual([1]);
    const legacy = await scrapeAll(['{"a.b"} 1\n'], { metric_name_validation_scheme: 'legacy' });
    expect(legacy.target().lastError).toMatch(/^invalid metric name or label names/);
  });
});

describe('staleness', () => {
  it('marks a series that is missing from a scrape', async () => {
    const { storage } = await scrapeAll(['a 1\nb 1\n', 'b 2\n', 'a 3\nb 3\n']);
    expect(storage.values('a')).toEqual([1, 'stale', 3]);
    expect(storage.values('b')).toEqual([1, 2, 3]);
    expect(storage.values('scrape_series_added')).toEqual([2, 0, 1]);
  });

  it('marks all series when the scrape fails, once, and reports on', async () => {
    const { storage, target } = await scrapeAll(['a 1\nb 1\n', FAILED, FAILED, 'a 2\nb 2\n']);
    expect(storage.values('a')).toEqual([1, 'stale', 2]);
    expect(storage.values('b')).toEqual([1, 'stale', 2]);
    expect(storage.values('up')).toEqual([1, 0, 0, 1]);
    expect(storage.values('scrape_duration_seconds')).toHaveLength(4);
    expect(storage.values('scrape_samples_scraped')).toEqual([2, 0, 0, 2]);
    expect(target()).toMatchObject({ health: 'up', lastError: '' });
  });

  it('marks all series when the body goes bad half-way, and keeps nothing of it', async () => {
    const { storage, target } = await scrapeAll(['a 1\nb 1\n', 'a 2\nnew 1\nb oops\n']);
    expect(storage.values('a')).toEqual([1, 'stale']);
    expect(storage.values('b')).toEqual([1, 'stale']);
    expect(storage.values('new')).toEqual([]);
    expect(storage.values('up')).toEqual([1, 0]);
    expect(target().lastError).toMatch(/line 3/);
    const stale = storage.samples('a')[1]?.timestamp;
    expect(storage.samples('up')[1]?.timestamp).toBe(stale);
  });

  it('knows a series that only a failed scrape had seen as new', async () => {
    const { storage } = await scrapeAll(['a 1\n', 'a 1\nb 1\noops oops\n', 'a 2\nb 2\n']);
    expect(storage.values('b')).toEqual([2]);
    expect(storage.values('a')).toEqual([1, 'stale', 2]);
  });

  it('marks all series after an empty body, which is no failure', async () => {
    const { storage } = await scrapeAll(['a 1\n', '']);
    expect(storage.values('a')).toEqual([1, 'stale']);
    expect(storage.values('up')).toEqual([1, 1]);
  });

  it('leaves out series with times of their own', async () => {
    const bodies = ['a 1 1700000000001\nb 1\n', 'b 2\n'];
    const { storage } = await scrapeAll(bodies);
    expect(storage.values('a')).toEqual([1]);
    const tracked = await scrapeAll(bodies, { track_timestamps_staleness: true });
    expect(tracked.storage.values('a')).toEqual([1, 'stale']);
  });

  it('marks a series that goes over to times of its own', async () => {
    const { storage } = await scrapeAll(['a 1\n', 'a 2 1700000000001\n']);
    expect(storage.values('a').at(-1)).toBe('stale');
  });

  it('does not mark a series that goes on under another spelling', async () => {
    const { storage } = await scrapeAll(['a{x="1",y="2"} 1\n', 'a{y="2",x="1"} 2\n', 'b 1\n']);
    expect(storage.values('a')).toEqual([1, 2, 'stale']);
  });

  it('marks what a target had when it goes, at the time of its next scrape', async () => {
    const { storage, apply, scrape, ended, removed, manager } = await scrapeAll(['a 1\n', 'a 2\n']);
    const last = storage.samples('a').at(-1)?.timestamp ?? 0;
    apply({ static_configs: [] });
    expect(manager.targets().activeTargets).toEqual([]);
    await scrape(1);
    expect(storage.values('a')).toEqual([1, 2]);
    expect(ended).toEqual(['pull/j/http://h:1/metrics']);
    await scrape(2);
    expect(storage.samples('a').at(-1)).toEqual({ timestamp: last + INTERVAL_MS, value: 'stale' });
    expect(storage.values('up')).toEqual([1, 1, 'stale']);
    expect(storage.values('scrape_series_added').at(-1)).toBe('stale');
    expect(removed).toEqual(['pull/j/http://h:1/metrics']);
  });

  it('marks nothing when the target comes back in time', async () => {
    const { storage, apply, scrape } = await scrapeAll(['a 1\nb 1\n']);
    storage.outOfOrderMs = 1e9;
    apply({ static_configs: [] });
    await scrape(1);
    apply({});
    await scrape(5);
    expect(storage.values('a')).not.toContain('stale');
    expect(storage.values('up')).not.toContain('stale');
  });

  it('marks only what is missing where the target comes back with less', async () => {
    const { storage, apply, scrape, answers } = await scrapeAll(['a 1\nb 1\n']);
    apply({ static_configs: [] });
    answers.set('*', 'a 2\n');
    apply({});
    await scrape(5);
    expect(storage.values('a')).not.toContain('stale');
    expect(storage.values('b')).toEqual([1, 'stale']);
  });

  it('marks nothing for a target that was never scraped, nor when the process ends', async () => {
    const never = setUp();
    never.apply({});
    never.apply({ static_configs: [] });
    await never.scrape(5);
    expect(never.storage.all()).toEqual({});
    const { storage, manager, scrape, clock } = await scrapeAll(['a 1\n']);
    await manager.stop();
    await scrape(5);
    expect(storage.values('a')).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  it('keeps the source of a job that goes and comes back', async () => {
    const { manager, apply, scrape, expected, removed, ended } = await scrapeAll(['a 1\n']);
    manager.apply([]);
    apply({});
    await scrape(5);
    expect(expected.map(({ id }) => id)).toEqual(Array(2).fill('pull/j/http://h:1/metrics'));
    expect(removed).toEqual([]);
    expect(ended).toEqual([]);
    manager.apply([]);
    await scrape(3);
    expect(removed).toEqual(['pull/j/http://h:1/metrics']);
  });

  it('marks all series when a job goes from the configuration', async () => {
    const { storage, manager, scrape, clock } = await scrapeAll(['a 1\n']);
    manager.apply([]);
    await scrape(3);
    expect(storage.values('a')).toEqual([1, 'stale']);
    expect(clock.pending).toBe(0);
  });
});

describe('limits', () => {
  const three = 'a 1\nb 2\nc 3\n';

  it('fail a scrape with too many samples, and count them all', async () => {
    const { storage, target, counts } = await scrapeAll(['a 1\n', three], { sample_limit: 2 });
    expect(target().lastError).toBe('sample limit exceeded');
    expect(storage.values('a')).toEqual([1, 'stale']);
    expect(storage.values('b')).toEqual([]);
    expect(storage.values('scrape_samples_scraped')).toEqual([1, 3]);
    expect(storage.values('scrape_samples_post_metric_relabeling')).toEqual([1, 3]);
    expect(counts['exceededSampleLimit']).toBe(1);
    const enough = await scrapeAll([three], { sample_limit: 3 });
    expect(enough.storage.values('c')).toEqual([3]);
  });

  it('count samples after relabelling', async () => {
    const { storage } = await scrapeAll([three], {
      sample_limit: 2,
      metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'b', action: 'drop' }],
    });
    expect(storage.values('up')).toEqual([1]);
  });

  it('fail a scrape with too many or too long labels', async () => {
    const body = 'abc{l="vwxyz"} 1\n';
    const many = await scrapeAll([body], { label_limit: 3 });
    expect(many.target().lastError).toBe(
      'label_limit exceeded (metric: abc, number of labels: 4, limit: 3)',
    );
    const quoted = 'abc{"lé"="vwxyz"} 1\n';
    const name = await scrapeAll([quoted], { label_name_length_limit: 8 });
    expect(name.target().health).toBe('up');
    const value = await scrapeAll([quoted], { label_value_length_limit: 4 });
    expect(value.target().lastError).toBe(
      'label_value_length_limit exceeded ' +
        '(metric: abc, label name: lé, value: "vwxyz", length: 5, limit: 4)',
    );
    expect(value.storage.values('up')).toEqual([0]);
    expect(value.counts['exceededLabelLimits']).toBe(1);
  });

  it('fail all scrapes of a job with too many targets, until there are fewer', async () => {
    const fixture = setUp();
    fixture.answers.set('*', 'a 1\n');
    const targets = (...names: string[]): object => ({
      static_configs: [{ targets: names }],
      target_limit: 1,
    });
    fixture.apply(targets('h:1', 'h:2'));
    await fixture.scrape();
    expect(fixture.requests).toEqual([]);
    expect(fixture.storage.values('up', { instance: 'h:1' })).toEqual([0]);
    expect(fixture.target().lastError).toBe(
      'target_limit exceeded (number of targets: 2, limit: 1)',
    );
    fixture.apply(targets('h:1'));
    await fixture.scrape();
    expect(fixture.storage.values('up', { instance: 'h:1' })).toEqual([0, 1]);
  });

  it('leave out what storage has no place for, and take it when there is', async () => {
    const fixture = setUp();
    fixture.storage.maxSeries = 1;
    fixture.answers.set('*', 'a 1\nb 1\n');
    fixture.apply({});
    await fixture.scrape();
    expect(fixture.storage.values('a')).toEqual([1]);
    expect(fixture.counts['samplesOverSeriesLimit']).toBe(1);
    expect(fixture.contacts[0]?.[1]).toMatchObject({ samples: 1, rejected: 1 });
    fixture.storage.maxSeries = 100;
    await fixture.scrape();
    expect(fixture.storage.values('b')).toEqual([1]);
    expect(fixture.storage.values('up')).toEqual([1]);
  });

  it('write the further report series where they are wanted', async () => {
    const { storage } = await scrapeAll(['a 1\n', FAILED], {
      extra_scrape_metrics: true,
      sample_limit: 5,
    });
    expect(storage.values('scrape_timeout_seconds')).toEqual([5, 5]);
    expect(storage.values('scrape_sample_limit')).toEqual([5, 5]);
    expect(storage.values('scrape_body_size_bytes')).toEqual([4, 0]);
  });
});

describe('what the target may do wrong', () => {
  it('is a Content-Type that is missing or unknown, unless there is a fallback', async () => {
    const untyped = { body: 'a 1\n', contentType: '' };
    const html = { body: 'a 1\n', contentType: 'text/html' };
    const blank = await scrapeAll([untyped]);
    expect(blank.target().lastError).toMatch(
      /^non-compliant scrape target sending blank Content-Type/,
    );
    const unknown = await scrapeAll([html]);
    expect(unknown.target().lastError).toMatch(/^received unsupported Content-Type "text\/html"/);
    const fallback = { fallback_scrape_protocol: 'PrometheusText0.0.4' };
    const both = await scrapeAll([untyped, html], fallback);
    expect(both.storage.values('a')).toEqual([1, 1]);
    const plain = await scrapeAll([{ body: 'a 1\n', contentType: 'Text/Plain' }]);
    expect(plain.storage.values('a')).toEqual([1]);
  });

  it('is to take too long', async () => {
    const { storage, target, clock } = await scrapeAll(['a 1\n', HANG]);
    await clock.advance(5000);
    expect(storage.values('up')).toEqual([1, 0]);
    expect(storage.values('a')).toEqual([1, 'stale']);
    expect(storage.values('scrape_duration_seconds')).toEqual([0, 5]);
    expect(target()).toMatchObject({
      health: 'down',
      lastError: 'context deadline exceeded',
      lastScrapeDuration: 5,
    });
  });

  it('does not hold up other targets', async () => {
    const fixture = setUp();
    fixture.answers.set('slow:1', HANG);
    fixture.answers.set('*', 'a 1\n');
    fixture.apply({ static_configs: [{ targets: ['slow:1', 'fast:1'] }] });
    await fixture.scrape(3);
    expect(fixture.storage.values('a', { instance: 'fast:1' })).toHaveLength(3);
    const slow = fixture.requests.filter((request) => request.url.includes('slow'));
    expect(slow).toHaveLength(3);
  });
});

describe('storage', () => {
  it('that cannot write leaves the next scrape to try again', async () => {
    const fixture = await scrapeAll(['a 1\n']);
    fixture.storage.failure = new Error('disk full');
    fixture.answers.set('*', 'a 2\nb 2\n');
    await fixture.scrape();
    expect(fixture.storage.values('a')).toEqual([1]);
    expect(fixture.target().lastError).toBe('disk full');
    expect(fixture.counts['failedCommits']).toBe(1);
    fixture.answers.set('*', 'b 3\n');
    await fixture.scrape();
    expect(fixture.storage.values('a')).toEqual([1, 'stale']);
    expect(fixture.storage.values('b')).toEqual([3]);
  });

  it('that has dropped a series gets its labels again, and its sample', async () => {
    const fixture = await scrapeAll(['a 1\nb 1\n']);
    fixture.storage.drop('a');
    fixture.storage.drop('up');
    fixture.answers.set('*', 'a 2\nb 2\n');
    await fixture.scrape();
    expect(fixture.storage.values('a')).toEqual([2]);
    expect(fixture.storage.values('b')).toEqual([1, 2]);
    expect(fixture.storage.values('up')).toEqual([1]);
    await fixture.scrape();
    expect(fixture.storage.values('a')).toEqual([2, 2]);
    expect(fixture.storage.values('b')).toEqual([1, 2, 2]);
  });
});

describe('a new configuration', () => {
  it('that is the same changes nothing', async () => {
    const { storage, apply, scrape, expected } = await scrapeAll(['a 1\n']);
    apply({});
    await scrape(2);
    expect(storage.values('a')).toEqual([1, 1, 1]);
    expect(storage.values('scrape_series_added')).toEqual([1, 0, 0]);
    expect(expected).toHaveLength(1);
  });

  it('counts from the next scrape on, without a gap', async () => {
    const { storage, apply, scrape } = await scrapeAll(['a 1\nb 1\n']);
    apply({ sample_limit: 1 });
    await scrape(1);
    expect(storage.values('up')).toEqual([1, 0]);
    apply({
      metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'b', action: 'drop' }],
    });
    await scrape(1);
    expect(storage.values('a')).toEqual([1, 'stale', 1]);
    expect(storage.values('b')).toEqual([1, 'stale']);
  });

  it('marks the series that new rules no longer give, at the next scrape', async () => {
    const { storage, apply, scrape } = await scrapeAll(['a 1\nb 1\n']);
    apply({
      metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'b', action: 'drop' }],
    });
    await scrape(1);
    expect(storage.values('a')).toEqual([1, 1]);
    expect(storage.values('b')).toEqual([1, 'stale']);
    const times = storage.samples('b').map((sample) => sample.timestamp);
    expect(times[1]).toBe((times[0] ?? 0) + INTERVAL_MS);
  });

  it('adds and removes targets, and leaves the others alone', async () => {
    const fixture = setUp();
    fixture.answers.set('*', 'a 1\n');
    fixture.apply({ static_configs: [{ targets: ['h:1', 'h:2'] }] });
    await fixture.scrape();
    fixture.apply({ static_configs: [{ targets: ['h:2', 'h:3'] }] });
    await fixture.scrape(3);
    const [one, two, three] = ['h:1', 'h:2', 'h:3'].map((instance) =>
      fixture.storage.values('a', { instance }),
    );
    expect(one).toEqual([1, 'stale']);
    expect(two).toEqual([1, 1, 1, 1]);
    expect(three).toEqual([1, 1, 1]);
  });
});

it('ends no target while files that name it are still being read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pull-manager-'));
  try {
    const file = join(directory, 'targets.json');
    await writeFile(file, '[{"targets": ["h:2"]}]');
    const { apply, manager, ended } = setUp();
    const hosts = (): string[] =>
      manager.targets().activeTargets.map(({ labels }) => labels['instance'] ?? '');
    const file_sd_configs = [{ files: [file] }];
    apply({ file_sd_configs });
    await vi.waitFor(() => expect(hosts()).toEqual(['h:1', 'h:2']));
    const more = { file_sd_configs, static_configs: [{ targets: ['h:1', 'h:3'] }] };
    apply(more);
    apply({ ...more, relabel_configs: [{ target_label: 'x', replacement: '' }] });
    expect(hosts()).toEqual(['h:1', 'h:2']);
    await vi.waitFor(() => expect(hosts().toSorted()).toEqual(['h:1', 'h:2', 'h:3']));
    expect(ended).toEqual([]);
    await manager.stop();
  } finally {
    await rm(directory, { recursive: true });
  }
});

describe('targets()', () => {
  it('has the shape that Prometheus gives', async () => {
    const { manager, clock } = await scrapeAll(['a 1\n'], {
      static_configs: [{ targets: ['localhost:1', 'gone:1'], labels: { env: 'x' } }],
      relabel_configs: [{ source_labels: ['__address__'], regex: 'gone.*', action: 'drop' }],
    });
    const { activeTargets, droppedTargets, droppedTargetCounts } = manager.targets();
    expect(activeTargets).toEqual([
      {
        discoveredLabels: {
          __address__: 'localhost:1',
          __metrics_path__: '/metrics',
          __scheme__: 'http',
          __scrape_interval__: '10s',
          __scrape_timeout__: '5s',
          env: 'x',
          job: 'j',
        },
        labels: { env: 'x', instance: 'localhost:1', job: 'j' },
        scrapePool: 'j',
        scrapeUrl: 'http://localhost:1/metrics',
        globalUrl: 'http://localhost:1/metrics',
        lastError: '',
        lastScrape: expect.stringMatching(/^2023-11-14T22:13:\d\d\.\d{3}Z$/),
        lastScrapeDuration: 0,
        health: 'up',
        scrapeInterval: '10s',
        scrapeTimeout: '5s',
      },
    ]);
    expect(droppedTargets).toMatchObject([
      { scrapePool: 'j', discoveredLabels: { __address__: 'gone:1' } },
    ]);
    expect(droppedTargetCounts).toEqual({ j: 1 });
    expect(clock.pending).toBe(1);
  });

  it('says unknown before the first scrape, and tells two targets of one URL apart', () => {
    const fixture = setUp();
    fixture.apply({
      static_configs: [
        { targets: ['h:1'] },
        { targets: ['h:1'], labels: { x: 'y' } },
        { targets: ['h:1'] },
      ],
    });
    expect(fixture.target()).toMatchObject({
      health: 'unknown',
      lastScrape: '0001-01-01T00:00:00Z',
    });
    expect(fixture.manager.targets().activeTargets).toHaveLength(2);
    expect(new Set(fixture.expected.map((source) => source.id)).size).toBe(2);
  });

  it('keeps no more dropped targets than wanted, and counts them all', () => {
    const fixture = setUp();
    fixture.apply({
      static_configs: [{ targets: ['a:1', 'b:1', 'c:1'] }],
      relabel_configs: [{ source_labels: ['__address__'], regex: '.*', action: 'drop' }],
      keep_dropped_targets: 2,
    });
    const { droppedTargets, droppedTargetCounts } = fixture.manager.targets();
    expect([droppedTargets.length, droppedTargetCounts]).toEqual([2, { j: 3 }]);
  });

  it('leaves out and reports targets that cannot be scraped', () => {
    const fixture = setUp();
    fixture.apply({ relabel_configs: [{ target_label: '__address__', replacement: '' }] });
    expect(fixture.manager.targets().activeTargets).toEqual([]);
    expect(fixture.counts['invalidTargets']).toBe(1);
    expect(fixture.logs[0]).toMatchObject({ reason: 'no address' });
  });
});
