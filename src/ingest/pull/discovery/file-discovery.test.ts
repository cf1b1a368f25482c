import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LogFields, silentLogger } from '../../../telemetry/index.ts';
import { FakeClock, systemClock } from '../../../util/index.ts';
import { silentPullMetrics } from '../metrics.ts';
import type { TargetGroup } from './discovery.ts';
import { FileDiscovery } from './file-discovery.ts';

let directory = '';
const started: FileDiscovery[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-sd-'));
});

afterEach(async () => {
  for (const discovery of started.splice(0)) discovery.stop();
  await rm(directory, { recursive: true });
});

interface Watched {
  /** Addresses of the newest update, undefined before the first. */
  addresses(): readonly string[] | undefined;
  groups(): readonly TargetGroup[];
  readonly errors: LogFields[];
}

function discover(files: readonly string[], clock = systemClock): Watched {
  let newest: readonly TargetGroup[] | undefined;
  const errors: LogFields[] = [];
  const discovery = new FileDiscovery({
    config: { files: files.map((file) => join(directory, file)), refreshIntervalMs: 300_000 },
    clock,
    logger: { ...silentLogger, error: (fields) => errors.push(fields) },
    metrics: silentPullMetrics(),
  });
  started.push(discovery);
  discovery.start((groups) => {
    newest = groups;
  });
  return {
    addresses: () => newest?.flatMap((group) => group.targets),
    groups: () => newest ?? [],
    errors,
  };
}

async function settled(watched: Watched, want: readonly string[]): Promise<void> {
  await vi.waitFor(() => expect(watched.addresses()).toEqual(want), { timeout: 5000 });
}

function write(name: string, content: string): Promise<void> {
  return writeFile(join(directory, name), content);
}

describe('FileDiscovery', () => {
  it('reads YAML and JSON, and says which file a group is from', async () => {
    await write(
      'a.yml',
      '- targets: ["a:1", "b:2"]\n  labels: {env: prod, port: 80}\n- targets: [c:3]\n',
    );
    await write('b.json', '[{"targets": ["d:4"]}]');
    const watched = discover(['a.yml', 'b.json', 'none.yml']);
    await settled(watched, ['a:1', 'b:2', 'c:3', 'd:4']);
    expect(watched.groups()[0]?.labels).toEqual({
      env: 'prod',
      port: '80',
      __meta_filepath: join(directory, 'a.yml'),
    });
  });

  it('expands the star in the last part of a path', async () => {
    await mkdir(join(directory, 'sub.yml'));
    await write('x-1.yml', '- targets: [one]');
    await write('x-2.yml', '- targets: [two]');
    await write('y-1.yml', '- targets: [three]');
    await settled(discover(['x-*.yml']), ['one', 'two']);
  });

  it('follows changes, new files, and files that go', async () => {
    await write('x-1.yml', '- targets: [one]');
    const watched = discover(['x-*.yml']);
    await settled(watched, ['one']);
    await write('x-1.yml', '- targets: [one, more]');
    await settled(watched, ['one', 'more']);
    await write('new.tmp', '- targets: [two]');
    await rename(join(directory, 'new.tmp'), join(directory, 'x-2.yml'));
    await settled(watched, ['one', 'more', 'two']);
    await rm(join(directory, 'x-1.yml'));
    await settled(watched, ['two']);
  });

  it('keeps the targets of a file that goes bad, and reports it', async () => {
    await write('x.json', '[{"targets": ["one"]}]');
    await write('y.json', '[{"targets": ["two"]}]');
    const watched = discover(['x.json', 'y.json']);
    await settled(watched, ['one', 'two']);
    await write('x.json', '[{"targets": ["one"]}, null]');
    await write('y.json', '[{"targets": ["three"]}]');
    await settled(watched, ['one', 'three']);
    expect(watched.errors[0]?.['error']).toMatch(/nil target group item found/);
    await write('x.json', '[{"targets": ["four"], "lables": {}}]');
    await vi.waitFor(() => expect(watched.errors.at(-1)?.['error']).toMatch(/lables/));
    await write('x.json', '[{"targets": ["four"]}]');
    await settled(watched, ['four', 'three']);
  });

  it('reads again after the refresh interval, where the watch sees nothing', async () => {
    const clock = new FakeClock();
    const watched = discover(['later/x.yml'], clock);
    await settled(watched, []);
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await mkdir(join(directory, 'later'));
    await write('later/x.yml', '- targets: [one]');
    await clock.advance(300_000);
    await settled(watched, ['one']);
  });
});
