import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WordMap } from './word-map.ts';

test('knows what was entered and nothing else', () => {
  const word = fc.integer({ min: 1, max: 0xffff_ffff });
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 2000 }), word, (words, other) => {
      const map = new WordMap();
      for (const [index, each] of words.entries()) {
        expect(map.get(each)).toBe(-1);
        map.add(each, index);
      }
      for (const [index, each] of words.entries()) expect(map.get(each)).toBe(index);
      if (!words.includes(other)) expect(map.get(other)).toBe(-1);
    }),
    { numRuns: 30 },
  );
});
