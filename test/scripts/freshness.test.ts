import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  buildIsFresh,
  dependenciesInstalled,
  fingerprint,
  stampBuild,
} from '../../scripts/freshness.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tidegauge-freshness-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('the build', () => {
  beforeEach(() => {
    write('src/a.ts', 'one');
    write('src/deep/b.ts', 'two');
    write('dist/tidegauge.mjs', '');
    stampBuild(root, fingerprint(root));
  });

  test('is fresh while nothing changed', () => {
    expect(buildIsFresh(root)).toBe(true);
  });

  test('is stale without a stamp', () => {
    rmSync(join(root, 'dist'), { recursive: true });
    expect(buildIsFresh(root)).toBe(false);
  });

  const changes: [string, () => void][] = [
    ['a source has another size', () => write('src/a.ts', 'longer')],
    ['a source was saved again', () => utimesSync(join(root, 'src/deep/b.ts'), 1, 1)],
    ['a source is new', () => write('ui/main.tsx', '')],
    ['a source is gone', () => rmSync(join(root, 'src/a.ts'))],
    ['the lock changed', () => write('package-lock.json', '{}')],
  ];
  test.each(changes)('is stale when %s', (_, change) => {
    change();
    expect(buildIsFresh(root)).toBe(false);
  });

  test('does not depend on tests and documents', () => {
    write('src/a.test.ts', 'x');
    write('src/deep/README.md', 'x');
    expect(buildIsFresh(root)).toBe(true);
  });
});

describe('the dependencies', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/other-platform': { version: '1.0.0', optional: true },
    },
  };
  const installed = { packages: { 'node_modules/a': lock.packages['node_modules/a'] } };

  function check(record: unknown, want: boolean): void {
    write('package-lock.json', JSON.stringify(lock));
    if (record !== undefined) write('node_modules/.package-lock.json', JSON.stringify(record));
    expect(dependenciesInstalled(root)).toBe(want);
  }

  test('are installed when every locked package is recorded', () => check(installed, true));
  test('are missing without a record', () => check(undefined, false));
  test('are missing when a package is', () => check({ packages: {} }, false));
  test('are stale when a version differs', () => {
    check({ packages: { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } } }, false);
  });
});
