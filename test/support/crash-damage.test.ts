import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { damageLastSegment } from './crash-damage.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crash-damage-'));
  writeFileSync(join(folder, '00000009'), Buffer.alloc(500, 1));
  writeFileSync(join(folder, '00000010'), Buffer.alloc(500, 1));
  mkdirSync(join(folder, 'checkpoint-00000011'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('cuts the end off the last segment', async () => {
  const damage = await damageLastSegment(folder, 'truncated', () => 0.5);
  expect(damage).toMatchObject({ file: join(folder, '00000010'), sizeBytes: 500 });
  expect(readFileSync(join(folder, '00000010')).length).toBe(damage?.positionBytes);
  expect(readFileSync(join(folder, '00000009')).length).toBe(500);
});

test('flips one bit of the last segment, never of its header', async () => {
  for (const share of [0, 0.5, 0.999]) {
    const before = readFileSync(join(folder, '00000010'));
    const damage = await damageLastSegment(folder, 'bit flipped', () => share);
    const after = readFileSync(join(folder, '00000010'));
    const changed = [...after.entries()].filter(([at, byte]) => byte !== before[at]);
    expect(changed.map(([at]) => at)).toEqual([damage?.positionBytes]);
    expect(damage?.positionBytes).toBeGreaterThanOrEqual(64);
  }
});

test('leaves a segment alone that has nothing but a header', async () => {
  writeFileSync(join(folder, '00000012'), Buffer.alloc(20));
  expect(await damageLastSegment(folder, 'truncated', () => 0)).toBeUndefined();
});
