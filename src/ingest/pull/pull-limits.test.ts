import { describe, expect, it } from 'vitest';
import { FAILED, HANG, scrapeAll, setUp } from '../../../test/support/pull-fixture.ts';

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
