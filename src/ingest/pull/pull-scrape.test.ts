import { describe, expect, it } from 'vitest';
import { INTERVAL_MS, OPENMETRICS, scrapeAll, setUp } from '../../../test/support/pull-fixture.ts';

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
