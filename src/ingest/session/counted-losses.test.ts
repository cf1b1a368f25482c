import { expect, test } from 'vitest';
import type { SampleCounters } from '../../formats/tide/index.ts';
import { CountedLosses } from './counted-losses.ts';

const counters = (failed: number, shed = 0): SampleCounters => ({
  ...{ scheduled: 1000, present: 1000 - failed - shed, suppressed: 0, shed, failed },
});

test('what an agent has failed to read before it was heard of is of no time', () => {
  const losses = new CountedLosses();
  losses.heard(counters(40), 0);
  losses.heard(counters(40), 5000);
  expect(losses.of('failed')).toBeUndefined();
});

test('losses that follow one another are one, from its first to its last', () => {
  const losses = new CountedLosses();
  losses.heard(counters(0), 0);
  losses.heard(counters(3), 5000);
  losses.heard(counters(3, 7), 10_000);
  losses.heard(counters(5, 7), 200_000);
  expect(losses.of('failed')).toEqual({ samples: 5, firstMs: 5000, lastMs: 200_000 });
  expect(losses.of('shed')).toEqual({ samples: 7, firstMs: 10_000, lastMs: 10_000 });
  // Long after, and of a run that counts anew.
  losses.heard(counters(1), 900_000);
  expect(losses.of('failed')).toEqual({ samples: 1, firstMs: 900_000, lastMs: 900_000 });
});
