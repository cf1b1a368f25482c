import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FolderWatch } from './crash-folder-watch.ts';

test('tells of each entry that comes, and counts those that are finished or go', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const parent = mkdtempSync(join(tmpdir(), 'crash-watch-'));
  const folder = join(parent, 'blocks');
  const came: string[] = [];
  const watch = new FolderWatch(folder, (name) => came.push(name));
  const look = (): void => void vi.advanceTimersByTime(5);
  try {
    look();
    mkdirSync(join(folder, 'A.tmp'), { recursive: true });
    look();
    expect(came).toEqual(['A.tmp']);
    expect(watch.appeared).toBe(0);
    renameSync(join(folder, 'A.tmp'), join(folder, 'A'));
    look();
    expect([watch.appeared, watch.gone]).toEqual([1, 0]);
    rmSync(join(folder, 'A'), { recursive: true });
    look();
    expect([came, watch.appeared, watch.gone]).toEqual([['A.tmp', 'A'], 1, 1]);
  } finally {
    watch.stop();
    vi.useRealTimers();
    rmSync(parent, { recursive: true, force: true });
  }
});
