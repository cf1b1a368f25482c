import { describe, expect, it } from 'vitest';
import { FAILED, INTERVAL_MS, scrapeAll, setUp } from '../../../test/support/pull-fixture.ts';

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
