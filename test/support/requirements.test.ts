import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformancePath, conformanceRoot, requires } from './requirements.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegauge-requirements-'));
  writeFileSync(join(folder, 'program'), '#!/bin/sh\n');
  chmodSync(join(folder, 'program'), 0o755);
  writeFileSync(join(folder, 'plain-file'), '');
  chmodSync(join(folder, 'plain-file'), 0o644);
  mkdirSync(join(folder, 'folder'));
  mkdirSync(join(folder, 'data/area'), { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('commands', () => {
  function check(commands: string[], want: string): void {
    const requirement = requires({ commands }, { PATH: `/nonexistent::${folder}` });
    expect(requirement.reason).toBe(want);
    expect(requirement.met).toBe(want === '');
  }

  test('a program in PATH is there', () => check(['program'], ''));
  test('no command needed is always met', () => check([], ''));
  test('an absent one is named', () => check(['absent'], 'needs the command absent'));
  test('all absent ones are named', () => {
    check(['absent', 'program', 'gone'], 'needs the commands absent, gone');
  });
  test('a file that cannot run is no program', () => {
    check(['plain-file'], 'needs the command plain-file');
  });
  test('a folder is no program', () => check(['folder'], 'needs the command folder'));
});

describe('conformance data', () => {
  test('an area under the named root is there', () => {
    const environment = { TIDEGAUGE_CONFORMANCE: join(folder, 'data') };
    expect(requires({ conformance: 'area' }, environment).met).toBe(true);
    expect(conformancePath('area', environment)).toBe(join(folder, 'data/area'));
  });

  test('an absent area is named', () => {
    const environment = { TIDEGAUGE_CONFORMANCE: join(folder, 'data') };
    const { reason } = requires({ conformance: 'other' }, environment);
    expect(reason).toBe('needs the area other of the conformance data');
  });

  test('a name that leads nowhere is a missing area', () => {
    const { reason } = requires({ conformance: 'area' }, { TIDEGAUGE_CONFORMANCE: '/nonexistent' });
    expect(reason).toBe('needs the area area of the conformance data');
  });

  test('without a name the data is looked for beside the checkout', () => {
    expect(conformanceRoot({})).toMatch(/[\\/]shared[\\/]conformance$/);
    expect(conformanceRoot({ TIDEGAUGE_CONFORMANCE: '' })).toBe(conformanceRoot({}));
  });
});

describe('a requirement that is met', () => {
  const runs: string[] = [];
  const met = requires({});
  met.describe('in its describe', () => {
    met.test('runs its test', () => void runs.push('ran'));
  });
  test('ran its tests', () => expect(runs).toEqual(['ran']));
});
