import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PagedNumbers } from './paged-numbers.ts';

test('reads as a map does, whatever was set and removed', () => {
  const step = fc.record({
    isRemoved: fc.boolean(),
    index: fc.oneof(fc.nat(20), fc.nat(5000)),
    value: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const paged = new PagedNumbers(-1);
      const map = new Map<number, number>();
      for (const { isRemoved, index, value } of steps) {
        if (isRemoved) {
          paged.remove(index);
          map.delete(index);
        } else {
          paged.set(index, value);
          map.set(index, value);
        }
      }
      expect(paged.size).toBe(map.size);
      for (const { index } of steps) expect(paged.get(index)).toBe(map.get(index) ?? -1);
    }),
  );
});

test('its memory goes with what is in it, however far the index has come', () => {
  const paged = new PagedNumbers(-1);
  for (let index = 0; index < 1e6; index++) {
    paged.set(index, index);
    if (index >= 500) paged.remove(index - 500);
  }
  expect(paged.size).toBe(500);
  expect(paged.capacity).toBeLessThanOrEqual(2048);
  expect(paged.get(999_999)).toBe(999_999);
  expect(paged.get(0)).toBe(-1);
});
