import { expect, test } from 'vitest';
import { CountedLosses } from './counted-losses.ts';

test('what is known from before is of no time', () => {
  const losses = new CountedLosses({ failed: 40, shed: 3 });
  losses.heard({ failed: 40, shed: 3 }, 5000);
  expect(losses.of('failed')).toBeUndefined();
  expect(losses.of('shed')).toBeUndefined();
});

test('losses that follow one another are one, from its first to its last', () => {
  const losses = new CountedLosses({ failed: 1, shed: 0 });
  losses.heard({ failed: 4, shed: 0 }, 5000);
  losses.heard({ failed: 4, shed: 7 }, 10_000);
  losses.heard({ failed: 6, shed: 7 }, 200_000);
  expect(losses.of('failed')).toEqual({ samples: 5, firstMs: 5000, lastMs: 200_000 });
  expect(losses.of('shed')).toEqual({ samples: 7, firstMs: 10_000, lastMs: 10_000 });
  losses.heard({ failed: 7, shed: 7 }, 900_000);
  expect(losses.of('failed')).toEqual({ samples: 1, firstMs: 900_000, lastMs: 900_000 });
});
