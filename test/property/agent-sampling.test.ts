import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampledTick } from '../../src/agent/sampling/group-sampler.ts';
import { GroupSampler } from '../../src/agent/sampling/group-sampler.ts';
import { Reading } from '../../src/agent/sampling/group-source.ts';
import { SeriesState } from '../../src/agent/sampling/series-state.ts';
import { SeriesTable } from '../../src/agent/sampling/series-table.ts';
import type { GroupPolicy, SentCounter, Tolerance } from '../../src/formats/tide/index.ts';
import { coverageProblem, predictCounter } from '../../src/formats/tide/index.ts';
import { isStaleAt, Labels } from '../../src/model/index.ts';
import { noSamples } from '../../src/agent/sampling/tick-accounts.ts';

const INTERVAL_MS = 1000;
const NARROW_ID = 3;
const WIDE_ID = 9;
const TYPES = ['gauge', 'counter', 'histogram'] as const;

const POLICY: GroupPolicy = {
  ...{ group: 2, name: 'g', selector: '', intervalMs: INTERVAL_MS, anchorMs: 0 },
  ...{ mode: 'ON_CHANGE', toleranceId: NARROW_ID, priority: 'B', batchTicks: 1 },
  ...{ syncTicks: 10, dampeningMs: 0 },
};

/** One tick of a run: what becomes of it, and how each series moves. */
const step = fc.record({
  kind: fc.constantFrom(...(['READ', 'READ', 'READ', 'READ', 'SHED', 'FAILED'] as const)),
  spare: fc.boolean(),
  between: fc.boolean(),
  moves: fc.array(
    fc.oneof(
      fc.constant(0),
      fc.constant(1),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1e9, 1e9),
      fc.constant('gone' as const),
    ),
    { minLength: 6, maxLength: 6 },
  ),
});

const run = fc.record({
  mode: fc.constantFrom(...(['SAMPLE', 'ON_CHANGE'] as const)),
  kind: fc.constantFrom(...(['ABSOLUTE', 'RELATIVE', 'QUANTUM'] as const)),
  value: fc.constantFrom(0, 0.5, 2),
  max: fc.constantFrom(2, 8),
  dampeningMs: fc.constantFrom(0, 0, 2500),
  syncTicks: fc.integer({ min: 2, max: 12 }),
  /** How fast each series goes when nothing else happens: what prediction lives on. */
  speeds: fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 }),
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
});

/** What a receiver that is told of the types knows of a series from what came of it. */
class Carried {
  #sent: SentCounter | undefined;

  take(time: number, value: number): void {
    this.#sent = {
      previousTime: this.#sent?.lastTime ?? Number.NaN,
      previousValue: this.#sent?.lastValue ?? value,
      lastTime: time,
      lastValue: value,
    };
  }

  at(time: number, isPredicted: boolean): number | undefined {
    if (this.#sent === undefined) return undefined;
    return isPredicted ? predictCounter(this.#sent, time) : this.#sent.lastValue;
  }
}

function isNear({ kind, value: size }: Tolerance, carried: number, actual: number): boolean {
  if (Object.is(carried, actual)) return true;
  if (kind === 'ABSOLUTE') return Math.abs(actual - carried) <= size;
  if (kind === 'RELATIVE') return Math.abs(actual - carried) <= size * Math.abs(actual);
  return size > 0 && Math.floor(actual / size) === Math.floor(carried / size);
}

test('carried values are within the tolerance declared, and every count is exact', () => {
  fc.assert(
    fc.property(run, ({ mode, kind, value, max, dampeningMs, syncTicks, speeds, steps }) => {
      const tolerances = new Map<number, Tolerance>([
        [0, { id: 0, kind: 'ABSOLUTE', value: 0 }],
        [NARROW_ID, { id: NARROW_ID, kind, value }],
        [WIDE_ID, { id: WIDE_ID, kind, value: max }],
      ]);
      const table = new SeriesTable(Labels.EMPTY);
      const totals = noSamples();
      const sampler = new GroupSampler({
        policy: { ...POLICY, mode, syncTicks: mode === 'SAMPLE' ? 0 : syncTicks, dampeningMs },
        tolerance: tolerances.get(NARROW_ID),
        wide: { tolerance: tolerances.get(WIDE_ID)!, syncTicks },
        marksEnds: false,
        table,
        state: new SeriesState(),
        totals,
        lastTick: 0,
      });
      const series = speeds.map((speed, at) => {
        const type = TYPES[at % TYPES.length]!;
        const id = table.add(2, Labels.fromPairs(['__name__', `s${at}`]), () => ({
          ...{ family: `s${at}`, type, unit: '', help: '', priority: 'B' },
        }));
        return { id, type, speed, value: 10, carried: new Carried() };
      });
      const sums = { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 };
      const account = ({ entries }: SampledTick): void => {
        for (const entry of entries) {
          expect(coverageProblem(entry)).toBeUndefined();
          sums.scheduled += entry.seriesCount * (entry.tickTo - entry.tickFrom + 1);
          sums.present += entry.presentCount;
          sums.suppressed += entry.suppressedCount;
          sums.shed += entry.shedCount;
          sums.failed += entry.failedCount;
        }
      };
      const reading = new Reading();
      for (const [index, { kind: what, spare, between, moves }] of steps.entries()) {
        const tick = index + 1;
        const time = tick * INTERVAL_MS;
        if (what === 'SHED') {
          sampler.skip(tick, tick, 'SHED');
          sampler.takePending().forEach(account);
          continue;
        }
        reading.reset();
        reading.failed = what === 'FAILED';
        const actual = new Map<number, number>();
        for (const [at, one] of series.entries()) {
          const move = moves[at];
          if (move === 'gone' || reading.failed) continue;
          one.value = move === 1 ? one.value + one.speed : one.value + (move ?? 0);
          actual.set(one.id, one.value);
          reading.columns.pushValue(one.id, time, one.value);
          if (Number.isNaN(one.value) || Math.abs(one.value) === Infinity) one.value = 10;
        }
        sampler.take(tick, reading, spare);
        const [sampled] = sampler.takePending();
        if (sampled === undefined) return expect.fail('no tick');
        account(sampled);
        const { columns, entries } = sampled;
        const [entry] = entries;
        if (entry === undefined) return expect.fail('no entry');
        const sent = new Set<number>();
        for (let at = 0; at < columns.length; at++) {
          const id = columns.seriesIds[at]!;
          sent.add(id);
          const one = series.find((other) => other.id === id) ?? expect.fail();
          if (isStaleAt(columns.words, at)) one.carried = new Carried();
          else {
            expect(columns.values[at]).toBe(actual.get(id));
            one.carried.take(columns.timestamps[at]!, columns.values[at]!);
          }
        }
        // What was not sent is either as near as declared, or declared as shed.
        const tolerance = tolerances.get(entry.toleranceId) ?? expect.fail('no such tolerance');
        let far = 0;
        for (const { id, type, carried } of series) {
          const is = actual.get(id);
          if (is === undefined || sent.has(id)) continue;
          const predicted = type === 'counter' && entry.toleranceId !== 0;
          const asCarried = carried.at(time, predicted) ?? expect.fail('never sent');
          const exact = type === 'histogram' ? { ...tolerance, value: 0 } : tolerance;
          if (!isNear(exact, asCarried, is)) far++;
        }
        expect(far).toBeLessThanOrEqual(entry.shedCount);
        if (dampeningMs === 0) expect(far).toBe(0);
        if (mode === 'SAMPLE' && !spare) expect(entry.suppressedCount).toBe(0);
        if (!between) continue;
        // A lease reads one series between two ticks: what it sent is carried from there.
        const leased = series[1]!;
        reading.reset();
        reading.columns.pushValue(leased.id, time + 500, leased.value + 1);
        const columnsBetween = sampler.takeBetween(reading, (id) => id === leased.id);
        if (columnsBetween !== undefined) leased.carried.take(time + 500, leased.value + 1);
      }
      const { dampened, histogramsUnsent, ...told } = totals;
      expect(told).toEqual(sums);
      expect(dampened).toBeLessThanOrEqual(sums.shed);
      expect(histogramsUnsent).toBe(0);
      expect(sums.scheduled).toBe(sums.present + sums.suppressed + sums.shed + sums.failed);
    }),
    { numRuns: 400 },
  );
});

test('every so many ticks all is sent, whatever is permitted in between', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 10 }),
      fc.array(fc.boolean(), { minLength: 30, maxLength: 60 }),
      (syncTicks, spares) => {
        const table = new SeriesTable(Labels.EMPTY);
        const sampler = new GroupSampler({
          policy: { ...POLICY, syncTicks, dampeningMs: 60_000 },
          tolerance: { id: NARROW_ID, kind: 'ABSOLUTE', value: 1 },
          wide: { tolerance: { id: WIDE_ID, kind: 'ABSOLUTE', value: 100 }, syncTicks },
          marksEnds: false,
          table,
          state: new SeriesState(),
          totals: noSamples(),
          lastTick: 0,
        });
        const id = table.add(2, Labels.fromPairs(['__name__', 'x']), () => ({
          ...{ family: 'x', type: 'gauge', unit: '', help: '', priority: 'B' },
        }));
        const reading = new Reading();
        const full: number[] = [];
        for (const [index, spare] of spares.entries()) {
          reading.reset();
          reading.columns.pushValue(id, (index + 1) * INTERVAL_MS, (index % 7) * 50);
          sampler.take(index + 1, reading, spare);
          for (const { entries } of sampler.takePending()) {
            if (entries[0]?.status === 'FULL') full.push(index);
          }
        }
        for (let at = 0; at < spares.length; at += syncTicks) expect(full).toContain(at);
      },
    ),
    { numRuns: 100 },
  );
});
