import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RangeKind } from './body-contents.ts';
import * as layout from './layout.ts';
import { MEMORY_KINDS } from './slab.ts';

/** The numbers that `kernel/layout.ts` exports, as far as they are written out. */
const constants = new Map(
  [
    ...readFileSync(new URL('../../kernel/layout.ts', import.meta.url), 'utf8').matchAll(
      /^export const (\w+): \w+ = (0x[\da-f]+|\d+);$/gm,
    ),
  ].map(([, name, value]) => [name, Number(value)]),
);

test('offsets are those of the kernel', () => {
  const { OUTCOME_COUNT, ...shared } = layout;
  expect(OUTCOME_COUNT).toBe((constants.get('UNKNOWN_SERIES') ?? 0) + 1);
  for (const [name, value] of Object.entries(shared)) {
    expect([name, constants.get(name)]).toEqual([name, value]);
  }
});

test('kinds are those of the kernel', () => {
  const byNumber = (prefix: string): string[] =>
    [...constants]
      .filter(([name]) => name?.startsWith(prefix))
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name?.slice(prefix.length) ?? '');
  expect(byNumber('KIND_')).toHaveLength(MEMORY_KINDS.length);
  const ranges = Object.entries(RangeKind).sort(([, a], [, b]) => a - b);
  expect(byNumber('RANGE_').filter((name) => name !== 'BYTES')).toEqual(
    ranges.map(([name]) => name),
  );
});
