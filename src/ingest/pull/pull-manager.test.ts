import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { INTERVAL_MS, scrapeAll, setUp } from '../../../test/support/pull-fixture.ts';

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
