import { expect, test } from 'vitest';
import { coverageProblem, type GroupPolicy } from '../../formats/tide/index.ts';
import {
  type FloatHistogram,
  isStaleAt,
  Labels,
  STALE_HIGH_WORD,
  STALE_LOW_WORD,
} from '../../model/index.ts';
import { GroupSampler } from './group-sampler.ts';
import { Reading } from './group-source.ts';
import { SeriesState } from './series-state.ts';
import { SeriesTable } from './series-table.ts';
import { noSamples } from './tick-accounts.ts';

const POLICY: GroupPolicy = {
  group: 7,
  name: 'test',
  selector: '',
  intervalMs: 1000,
  anchorMs: 0,
  mode: 'ON_CHANGE',
  toleranceId: 1,
  priority: 'B',
  batchTicks: 1,
  syncTicks: 4,
  dampeningMs: 0,
};

function setUp(
  changes: Partial<GroupPolicy> = {},
  marksEnds = false,
  takesHistograms?: () => boolean,
) {
  const table = new SeriesTable(Labels.EMPTY);
  const totals = noSamples();
  const sampler = new GroupSampler({
    policy: { ...POLICY, ...changes },
    tolerance: { id: 1, kind: 'ABSOLUTE', value: 1 },
    wide: { tolerance: { id: 2, kind: 'ABSOLUTE', value: 3 }, syncTicks: 4 },
    marksEnds,
    table,
    state: new SeriesState(),
    totals,
    takesHistograms,
    lastTick: 0,
  });
  const idOf = (name: string): number =>
    table.add(7, Labels.fromPairs(['__name__', name]), () => ({
      family: name,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      unit: '',
      help: '',
      priority: 'B',
    }));
  const reading = new Reading();
  /** Takes a tick with these values; what comes of it as texts. */
  const take = (tick: number, values: Record<string, number>, failed = false) => {
    reading.reset();
    reading.failed = failed;
    for (const [name, value] of Object.entries(values)) {
      reading.columns.pushValue(idOf(name), tick * 1000, value);
    }
    sampler.take(tick, reading);
    const [sampled] = sampler.takePending();
    if (sampled === undefined) return expect.fail('no tick');
    for (const entry of sampled.entries) expect(coverageProblem(entry)).toBeUndefined();
    const { columns, entries } = sampled;
    const sent = Array.from({ length: columns.length }, (_, at) => {
      const name = table.get(columns.seriesIds[at]!)?.family;
      return `${name}=${isStaleAt(columns.words, at) ? 'stale' : columns.values[at]}`;
    });
    return { sent, entry: entries[0]!, entries };
  };
  return { table, sampler, totals, take, reading, idOf };
}

test('on change, what is within the tolerance of what was sent is suppressed and declared', () => {
  const { take, totals } = setUp();
  expect(take(1, { load: 10, other: 5 }).entry).toMatchObject({ status: 'FULL', presentCount: 2 });
  const second = take(2, { load: 10.9, other: 7 });
  expect(second.sent).toEqual(['other=7']);
  expect(second.entry).toMatchObject({
    ...{ group: 7, tickFrom: 2, tickTo: 2, status: 'ON_CHANGE', toleranceId: 1 },
    ...{ seriesCount: 2, presentCount: 1, suppressedCount: 1, failedCount: 0 },
  });
  // Compared with what was sent, not with what was read: drift does not hide.
  expect(take(3, { load: 11.1, other: 7 }).sent).toEqual(['load=11.1']);
  expect(totals).toMatchObject({ scheduled: 6, present: 4, suppressed: 2 });
});

test('every sync tick sends everything', () => {
  const { take } = setUp();
  const sent = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tick) => take(tick, { load: 1 }).sent.length);
  expect(sent).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test('a counter is carried along its line, and sent where it leaves it by more than the tolerance', () => {
  const { take } = setUp({ syncTicks: 100 });
  const sent = (tick: number, value: number): boolean =>
    take(tick, { ops_total: value }).sent.length > 0;
  expect(sent(1, 100)).toBe(true);
  // One sample makes no line: it stands still until there are two.
  expect(sent(2, 110)).toBe(true);
  expect([sent(3, 120), sent(4, 130.9), sent(5, 139.1)]).toEqual([false, false, false]);
  // Twelve seconds of ten are 150: this one is off by 2, and makes the line steeper.
  expect(sent(6, 152)).toBe(true);
  expect(sent(7, 162.5)).toBe(false);
  // A counter that begins anew leaves any line; afterwards it is taken to stand.
  expect(sent(8, 3)).toBe(true);
  expect(sent(9, 3)).toBe(false);
});

test('without a tolerance a counter is suppressed only where it stands still', () => {
  const { sampler, take } = setUp();
  sampler.configure({ ...POLICY, toleranceId: 0 }, undefined);
  take(1, { ops_total: 100 });
  expect(take(2, { ops_total: 100.5 }).sent).toEqual(['ops_total=100.5']);
  const third = take(3, { ops_total: 100.5 });
  expect(third.sent).toEqual([]);
  expect(third.entry.toleranceId).toBe(0);
});

test('a change that comes too soon after another waits, and is counted as shed', () => {
  const { take, totals } = setUp({ dampeningMs: 2500, syncTicks: 100 });
  take(1, { a: 0, b: 0 });
  const second = take(2, { a: 10, b: 0 });
  expect(second.sent).toEqual([]);
  expect(second.entry).toMatchObject({
    ...{ status: 'ON_CHANGE', reason: 'SHED', suppressedCount: 1, shedCount: 1, failedCount: 0 },
  });
  expect(take(3, { a: 20, b: 0 }).sent).toEqual([]);
  // The last value wins.
  expect(take(4, { a: 30, b: 0 }).sent).toEqual(['a=30']);
  expect(totals).toMatchObject({ shed: 2, dampened: 2, scheduled: 8, present: 3, suppressed: 3 });
  // An end is no change that could wait.
  expect(take(5, { b: 0 }).sent).toEqual(['a=stale']);
});

test('where sending has to be spared, what is permitted is left out, also of a sampled group', () => {
  const { sampler, take, reading, idOf } = setUp({ mode: 'SAMPLE', syncTicks: 0 });
  expect(take(1, { a: 1 }).entry.status).toBe('FULL');
  const spare = (tick: number, value: number) => {
    reading.reset();
    reading.columns.pushValue(idOf('a'), tick * 1000, value);
    sampler.take(tick, reading, true);
    return sampler.takePending()[0]?.entries[0];
  };
  expect([2, 3, 4, 5].map((tick) => spare(tick, 1 + tick)?.status)).toEqual([
    ...['ON_CHANGE', 'ON_CHANGE', 'FULL', 'FULL'],
  ]);
  expect(spare(6, 5)).toMatchObject({ toleranceId: 2, suppressedCount: 1 });
  expect(take(7, { a: 5 }).entry).toMatchObject({ status: 'FULL', toleranceId: 0 });
});

test('a NaN that stays is suppressed, one that comes is sent', () => {
  const { take } = setUp();
  take(1, { load: 1 });
  expect(take(2, { load: NaN }).sent).toEqual(['load=NaN']);
  expect(take(3, { load: NaN }).sent).toEqual([]);
  expect(take(4, { load: 1 }).sent).toEqual(['load=1']);
});

test('a series that is missing from a good reading ends with a marker, and is scheduled no more', () => {
  const { take } = setUp({ mode: 'SAMPLE' });
  take(1, { a: 1, b: 1 });
  const second = take(2, { a: 1 });
  expect(second.sent).toEqual(['a=1', 'b=stale']);
  expect(second.entry).toMatchObject({ seriesCount: 2, presentCount: 2, status: 'FULL' });
  expect(take(3, { a: 1 }).entry).toMatchObject({ seriesCount: 1, presentCount: 1 });
  expect(take(4, { a: 1, b: 2 }).sent).toEqual(['a=1', 'b=2']);
});

test('a source that fails has its series counted as failed until it is back', () => {
  const { take, totals } = setUp({ mode: 'SAMPLE' }, true);
  take(1, { a: 1, b: 1, up: 1 });
  for (const tick of [2, 3]) {
    expect(take(tick, { up: 0 }, true).entry).toMatchObject({
      ...{ status: 'PARTIAL', reason: 'TARGET_FAILED' },
      ...{ seriesCount: 3, presentCount: 1, failedCount: 2 },
    });
  }
  expect(take(4, { a: 1, up: 1 }).entry).toMatchObject({ seriesCount: 2, status: 'FULL' });
  expect(totals).toMatchObject({ scheduled: 11, present: 7, failed: 4 });
});

test('ticks that were not read are accounted for with their reason', () => {
  const { take, sampler } = setUp({ mode: 'SAMPLE' });
  take(1, { a: 1, b: 1 });
  sampler.skip(2, 6, 'PAUSED');
  sampler.skip(7, 7, 'SHED');
  const entries = sampler.takePending().flatMap((tick) => tick.entries);
  expect(entries[0]).toMatchObject({
    ...{ tickFrom: 2, tickTo: 6, status: 'SKIPPED', reason: 'PAUSED', failedCount: 10 },
  });
  expect(entries[1]).toMatchObject({ tickFrom: 7, reason: 'SHED', shedCount: 2, failedCount: 0 });
  for (const entry of entries) expect(coverageProblem(entry)).toBeUndefined();
});

test('a sample no newer than the last of its series is not sent again', () => {
  const { sampler, reading, idOf } = setUp({ mode: 'SAMPLE' });
  const id = idOf('batch_job_time');
  for (const tick of [1, 2]) {
    reading.reset();
    reading.columns.pushValue(id, 500, 42);
    sampler.take(tick, reading);
  }
  const [first, second] = sampler.takePending();
  expect(first?.columns.length).toBe(1);
  expect(second?.columns.length).toBe(0);
  expect(second?.entries[0]).toMatchObject({ status: 'ON_CHANGE', suppressedCount: 1 });
});

test('samples between ticks leave no trace of what was not wanted', () => {
  const { sampler, reading, idOf, take } = setUp();
  take(1, { a: 1, b: 1 });
  reading.reset();
  reading.columns.pushValue(idOf('a'), 1500, 9);
  reading.columns.pushValue(idOf('b'), 1500, 9);
  const between = sampler.takeBetween(reading, (id) => id === idOf('a'));
  expect(Array.from(between?.seriesIds.subarray(0, between.length) ?? [])).toEqual([idOf('a')]);
  // `a` was sent as 9 meanwhile, `b` is still carried as 1.
  expect(take(2, { a: 9, b: 9 }).sent).toEqual(['b=9']);
});

test('a large group is accounted for in parts of fixed series', () => {
  const { take } = setUp({ mode: 'SAMPLE' });
  const values = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`s${at}`, at]));
  const first = take(1, values);
  expect(first.entries.map(({ part, parts, seriesCount }) => [part, parts, seriesCount])).toEqual([
    [0, 2, 4096],
    [1, 2, 904],
  ]);
  delete values['s0'];
  expect(take(2, values).sent).toContain('s0=stale');
  expect(take(3, values).entries.map(({ seriesCount }) => seriesCount)).toEqual([4095, 904]);
});

const HISTOGRAM: FloatHistogram = {
  ...{ counterReset: 'unknown', schema: 0, zeroThreshold: 0, zeroCount: 0, count: 1, sum: 1 },
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [1],
  ...{ negativeSpans: [], negativeBuckets: [], customValues: [] },
};

test('native histograms are a part of their own, and left out only where nothing changed', () => {
  const { sampler, reading, idOf, totals } = setUp();
  const take = (tick: number, count: number) => {
    reading.reset();
    reading.columns.pushValue(idOf('load'), tick * 1000, 1);
    reading.columns.pushHistogram(idOf('took'), tick * 1000, { ...HISTOGRAM, count });
    sampler.take(tick, reading);
    return sampler.takePending()[0] ?? expect.fail();
  };
  const first = take(1, 1);
  expect(first.entries).toMatchObject([
    { part: 0, parts: 2, seriesCount: 1, presentCount: 1 },
    { part: 1, parts: 2, seriesCount: 1, presentCount: 1 },
  ]);
  expect(first.columns.histograms?.[1]).toEqual({ ...HISTOGRAM, count: 1 });
  expect(take(2, 1).entries[1]).toMatchObject({ suppressedCount: 1 });
  // A difference within the tolerance of a value is none that a histogram may have.
  expect(take(3, 1.5).entries[1]).toMatchObject({ presentCount: 1 });
  expect(totals.histogramsUnsent).toBe(0);
});

test.each(['mixed', 'mixed_total'])('a float of %s behind a histogram is sent', (name) => {
  const { sampler, reading, idOf } = setUp({ syncTicks: 1000 });
  // The words of most histograms would be numbers near to zero, and none is the next on a line.
  for (let tick = 1; tick <= 40; tick++) {
    reading.reset();
    const time = tick * 1000;
    const histogram = { ...HISTOGRAM, count: tick };
    if (tick % 2 === 0) reading.columns.pushValue(idOf(name), time, tick % 4 === 0 ? 0 : 0.5);
    else reading.columns.pushHistogram(idOf(name), time, histogram);
    sampler.take(tick, reading);
    expect(sampler.takePending()[0]?.entries, `tick ${tick}`).toMatchObject([{ presentCount: 1 }]);
  }
});

test('the line of a counter begins anew behind a histogram', () => {
  for (let count = 1; count <= 20; count++) {
    const { sampler, reading, idOf } = setUp({ syncTicks: 1000 });
    const values = [0, 10, { ...HISTOGRAM, count }, 30, 30.5, 30];
    const present = values.map((value, tick) => {
      reading.reset();
      const { columns } = reading;
      const time = (tick + 1) * 1000;
      if (typeof value === 'number') columns.pushValue(idOf('both_total'), time, value);
      else columns.pushHistogram(idOf('both_total'), time, value);
      sampler.take(tick + 1, reading);
      return sampler.takePending()[0]?.entries[0]?.presentCount;
    });
    expect(present).toEqual([1, 1, 1, 1, 0, 0]);
  }
});

test('a collector that does not take histograms is sent none, and each is counted', () => {
  const { sampler, reading, idOf, totals } = setUp({}, false, () => false);
  reading.columns.pushValue(idOf('load'), 1000, 1);
  reading.columns.pushHistogram(idOf('took'), 1000, HISTOGRAM);
  sampler.take(1, reading);
  expect(sampler.takePending()[0]?.entries).toMatchObject([{ part: 0, parts: 1, seriesCount: 1 }]);
  expect(totals).toMatchObject({ histogramsUnsent: 1, scheduled: 1 });
});

test('series of a target that failed between ticks are still scheduled at the next', () => {
  const { sampler, reading, idOf, totals } = setUp();
  const value = (tick: number) => {
    reading.reset();
    reading.columns.pushValue(idOf('load'), tick * 1000, tick);
  };
  value(1);
  sampler.take(1, reading);
  reading.reset();
  reading.failed = true;
  reading.columns.push(idOf('load'), 1500, STALE_LOW_WORD, STALE_HIGH_WORD);
  const between = sampler.takeBetween(reading, () => false);
  expect([between?.length, between?.timestamps[0]]).toEqual([1, 1500]);
  // It fails still, and has said so already.
  reading.reset();
  reading.failed = true;
  sampler.take(2, reading);
  value(3);
  sampler.take(3, reading);
  expect(sampler.takePending().map(({ entries }) => entries[0])).toMatchObject([
    { seriesCount: 1, presentCount: 1 },
    { seriesCount: 1, failedCount: 1 },
    { seriesCount: 1, presentCount: 1 },
  ]);
  expect(totals).toMatchObject({ scheduled: 3, present: 2, failed: 1 });
});
