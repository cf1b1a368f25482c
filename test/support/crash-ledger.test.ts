import { expect, test } from 'vitest';
import { CrashLedger, seriesOf, type StoredMatrix, valueOf } from './crash-ledger.ts';

const TIMES = { startMs: 60_000, stepMs: 1_000 };

function stored(group: number, ticks: readonly number[]): StoredMatrix[] {
  return seriesOf(group).map((series) => ({
    metric: { series: String(series) },
    values: ticks.map((tick) => [60 + tick, String(valueOf(series, tick))] as const),
  }));
}

test('all that was acknowledged is there', () => {
  const ledger = new CrashLedger(TIMES);
  ledger.acknowledge(1, ledger.take(1, 3));
  // Sent without an answer: both are right.
  ledger.take(1, 1);
  const want = { lostSamples: 0, oldestLostAtMs: Infinity, faults: [] };
  expect(ledger.verify(1, stored(1, [0, 1, 2]))).toMatchObject(want);
  expect(ledger.verify(1, stored(1, [0, 1, 2, 3]))).toMatchObject(want);
  expect(ledger.acknowledgedSamples).toBe(75);
});

test('what was acknowledged and is missing is counted, once, and sent again', () => {
  const ledger = new CrashLedger(TIMES);
  ledger.acknowledge(0, ledger.take(0, 3));
  const partly = stored(0, [0, 2]);
  const verdict = ledger.verify(0, partly);
  expect(verdict.lostSamples).toBe(25);
  expect(verdict.oldestLostAtMs).toBeLessThanOrEqual(Date.now());
  expect(ledger.verify(0, partly).lostSamples).toBe(0);
  expect(ledger.take(0, 2)).toEqual([1, 3]);
});

test('a refused request is sent again', () => {
  const ledger = new CrashLedger(TIMES);
  ledger.fail(0, ledger.take(0, 2));
  expect(ledger.verify(0, stored(0, [0])).faults).toEqual([]);
  expect(ledger.take(0, 3)).toEqual([0, 1, 2]);
});

test('wrong values, samples never sent and samples that are there twice are faults', () => {
  const ledger = new CrashLedger(TIMES);
  ledger.acknowledge(0, ledger.take(0, 1));
  const [first, ...rest] = stored(0, [0]);
  const wrong = [{ metric: { series: '0' }, values: [[60, '1']] as const }, ...rest];
  expect(ledger.verify(0, wrong).faults).toEqual(['series 0 at tick 0: 1, not 0']);
  const never = [
    {
      metric: { series: '0' },
      values: [
        [60, '0'],
        [61, '4096'],
      ] as const,
    },
    ...rest,
  ];
  expect(ledger.verify(0, never).faults).toEqual(['series 0 at tick 1: 4096 was never sent']);
  const twice = [
    {
      metric: { series: '0' },
      values: [
        [60, '0'],
        [60, '0'],
      ] as const,
    },
    ...rest,
  ];
  expect(ledger.verify(0, twice).faults).toEqual(['series 0 at tick 0: there twice']);
  expect(first).toBeDefined();
});
