import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createSmallDisk, smallDiskProblem } from './chaos-small-disk.ts';

const problem = smallDiskProblem();
const suffix = problem === '' ? '' : ` [skipped: ${problem}]`;

test.skipIf(problem !== '')(`a small disk fills, empties and goes${suffix}`, async () => {
  const disk = await createSmallDisk(1024 * 1024);
  const copy = (bytes: number): void => {
    const script = `head -c ${bytes} /dev/zero > ${join(disk.path, 'file')}`;
    const { command, args } = disk.command('sh', ['-c', script]);
    execFileSync(command, args, { stdio: 'pipe' });
  };
  try {
    expect(disk.freeBytes()).toBe(1024 * 1024);
    copy(100_000);
    disk.fill(8192);
    expect(disk.freeBytes()).toBeLessThanOrEqual(8192);
    disk.fill(0);
    expect(() => copy(200_000)).toThrow(/No space left/);
    disk.release();
    copy(200_000);
    // Nobody else sees it.
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(disk.path);
  } finally {
    await disk.close();
  }
  expect(existsSync(disk.path)).toBe(false);
});
