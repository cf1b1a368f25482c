import { expect, test } from 'vitest';
import { Offences } from './offences.ts';

const NOW = Date.UTC(2026, 0, 2);

function describeAt(timestamp: number): string {
  const offences = new Offences(NOW);
  offences.add('out_of_bounds', 1);
  offences.name({ series: 'a', timestamp, reason: 'out_of_bounds' });
  return offences.describe(1).split('\n')[1] ?? '';
}

test('a time out of bounds is shown beside the collector’s clock', () => {
  const clock = "this collector's clock, 2026-01-02T00:00:00.000Z";
  expect(describeAt(NOW + 5_400_000)).toBe(
    `  a at 2026-01-02T01:30:00.000Z: out of bounds, 1h30m ahead of ${clock}`,
  );
  expect(describeAt(NOW - 86_400_000)).toBe(
    `  a at 2026-01-01T00:00:00.000Z: out of bounds, 1d behind ${clock}, ` +
      'and older than the store keeps',
  );
  expect(describeAt(2 ** 53)).toContain(`: out of bounds, far ahead of ${clock}`);
});
