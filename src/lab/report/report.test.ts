import { expect, test } from 'vitest';
import { FULL_TIMES } from '../lab-options.ts';
import type { CalmResult } from '../phases/calm.ts';
import type { DisturbedResult, FaultResult } from '../phases/disturbed.ts';
import type { LabResult } from '../results.ts';
import { htmlReport } from './html-report.ts';
import { rowsOf } from './rows.ts';
import { markdownReport } from './markdown-report.ts';
import { textReport } from './text-report.ts';
import { showMs, showShare } from './units.ts';

const CALM: CalmResult = {
  discoveryMs: [100, 300, 200],
  liveMs: [10, 20, 30, 40],
  cost: {
    ...{ samples: 500_000, collectorCpuSeconds: 1, idleCpuSeconds: 0.25 },
    ...{ agentsCpuSeconds: 2, residentBytes: 150e6 },
  },
  ...{ bytesPerSample: 20.04, bytesPerSecond: 1000 },
  sockets: { perAgent: 1, collector: undefined },
};

const FAULT: FaultResult = {
  ...{ beginMs: 1000, endMs: 5000, medianAgeMs: 3100, worstAgeMs: 4200 },
  stored: { generated: 1000, stored: 999, duplicates: 7, wrong: 2, byTick: [1, 0.9] },
  ...{ declaredMissing: undefined, liveAgainMs: 900, repairedMs: undefined },
};

const DISTURBED: DisturbedResult = {
  ...{ loss: FAULT, partition: FAULT, outage: FAULT, resets: 3, loadLateMs: 12 },
  congestion: { ...FAULT, bytesPerSecond: 500, goodput: 0.954 },
  ages: [
    { timeMs: 1000, medianMs: 500, worstMs: 700 },
    { timeMs: 2000, medianMs: 1500, worstMs: 1700 },
  ],
  droppedSamples: 0,
};

const RESULT: LabResult = {
  options: {
    ...{ strategies: ['pull', 'hybrid'], seed: 1, agents: 3, series: 10, intervalMs: 1000 },
    times: FULL_TIMES,
  },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', elapsedMs: 240_000 },
  strategies: [
    {
      name: 'pull',
      calm: CALM,
      flexibility: {
        newMetric: { elapsedMs: 450, by: 'a reload' },
        tenfold: { elapsedMs: undefined, by: 'not to be had: <why>' },
      },
      disturbed: DISTURBED,
    },
    {
      name: 'hybrid',
      calm: { notAvailable: 'agents did not connect' },
      flexibility: { notAvailable: 'agents did not connect' },
      disturbed: { notAvailable: 'agents did not connect' },
    },
  ],
};

/** The cell of a strategy in the first row of that figure. */
function cell(figure: string, name: 'pull' | 'hybrid' = 'pull'): string | undefined {
  return rowsOf(RESULT)
    .find((row) => row.figure.includes(figure))
    ?.cells.get(name);
}

test('cells say what was measured', () => {
  expect(cell('first sample')).toBe('200 ms / 300 ms');
  expect(cell('of the collector per million')).toBe('2.00 (0.50)');
  expect(cell('live, p50')).toBe('20 ms / 40 ms');
  expect(cell('sockets of the collector')).toBe('not measured: needs /proc (Linux)');
  expect(cell('partition of 60.0 s: stored')).toBe('99.90 %, 2 WRONG');
  expect(cell('missing')).toBe('1 / cannot say');
  expect(cell('goodput')).toBe('95 % of capacity');
  expect(cell('repaired after')).toBe('nothing came later');
});

test('what could not be had is said in the cell, with the reason', () => {
  expect(cell('ten times')).toBe('not to be had: <why>');
  expect(cell('live, p50', 'hybrid')).toBe('not available: agents did not connect');
});

test('every row has a cell for every strategy', () => {
  for (const { figure, cells } of rowsOf(RESULT)) {
    expect(
      [...cells].filter(([, text]) => text !== ''),
      figure,
    ).toHaveLength(2);
  }
});

test('the table is as wide as its columns, and loses no word', () => {
  const text = textReport(RESULT);
  const table = text.split('\n').filter((line) => line.includes(' | '));
  for (const line of table) expect(line.length).toBeLessThanOrEqual(22 + 30 + 2 * 25 + 9);
  const words = new Set(text.split(/[\s|]+/));
  for (const { figure, cells } of rowsOf(RESULT)) {
    for (const word of [figure, ...cells.values()].flatMap((cell) => cell.split(' '))) {
      expect(words).toContain(word);
    }
  }
});

test('the page needs nothing from elsewhere, and escapes what it shows', () => {
  const page = htmlReport(RESULT);
  expect(page).not.toMatch(/<(?:script|link|img)|https?:|@import|url\(/);
  expect(page).toContain('not to be had: &#60;why&#62;');
  expect(page.match(/<svg /g)).toHaveLength(7);
  expect(page).not.toContain('NaN');
});

test('the table for documents has a line for every row, and no mark-up of its cells', () => {
  const lines = markdownReport(RESULT)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  expect(lines).toHaveLength(rowsOf(RESULT).length + 1);
  for (const line of lines) expect(line.split(' | ')).toHaveLength(4);
  expect(markdownReport(RESULT)).toContain('not to be had: &lt;why>');
});

test('a share that is not all never looks like all', () => {
  expect(showShare(10, 10)).toBe('100 %');
  expect(showShare(9_999_999, 10_000_000)).toBe('> 99.999 %');
  expect(showShare(9995, 10_000)).toBe('99.950 %');
  expect(showShare(0, 10)).toBe('0.0 %');
  expect(showMs(undefined)).toBe('never');
  expect(showMs(0.2)).toBe('< 1 ms');
});
