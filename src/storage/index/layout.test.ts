import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as layout from './layout.ts';

/** The numbers that `kernel/label-layout.ts` exports; offsets in words, as they are here. */
const constants = [
  ...readFileSync(new URL('../../../kernel/label-layout.ts', import.meta.url), 'utf8').matchAll(
    /^export const (\w+): \w+ = (0x[\da-f]+|\d+)(?: << 2)?;$/gm,
  ),
].map(([, name = '', value]): [string, number] => [name, Number(value)]);

const byName: Readonly<Record<string, number>> = {
  ...layout,
  PAIR_BYTES: 4 * layout.PAIR_WORDS,
  MIDDLE_MASK: layout.MIDDLE_ENTRIES - 1,
  LEAF_MASK: layout.LEAF_REFS - 1,
};

test('the kernel enters series where they are looked for', () => {
  expect(constants.length).toBeGreaterThan(25);
  for (const [name, value] of constants) expect([name, value]).toEqual([name, byName[name]]);
});
