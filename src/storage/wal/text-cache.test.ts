import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextCache } from './text-cache.ts';

test('texts come back as they are, however often and in whatever order', () => {
  const cache = new TextCache();
  const texts = fc.array(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constant('job')),
  );
  fc.assert(
    fc.property(texts, (list) => {
      const bytes = Buffer.from(list.join(''));
      for (let round = 0; round < 2; round++) {
        let at = 0;
        for (const text of list) {
          const end = at + Buffer.byteLength(text);
          expect(cache.read(bytes, at, end)).toBe(Buffer.from(text).toString());
          at = end;
        }
      }
    }),
    { numRuns: 200 },
  );
});
