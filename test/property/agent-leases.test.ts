import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupSetup } from '../../src/agent/runtime/runtime-options.ts';
import type { GroupSource, SeriesNamer } from '../../src/agent/sampling/group-source.ts';
import { EpochLedger, imbalance } from '../../src/sources/ledger/index.ts';
import { Labels, STALE_HIGH_WORD, STALE_LOW_WORD } from '../../src/model/index.ts';
import { FakeClock } from '../../src/util/index.ts';
import { openRuntime, sampledGroup } from '../support/agent-runtime.ts';

const START_MS = 1_700_000_000_300;
const INTERVAL_MS = 1000;
const RUN_MS = 12_000;
const NAMES = ['a', 'b', 'c'];
const GROUP = 1;

const run = fc.record({
  /** How long the source takes to answer, longer than an interval at times. */
  delaysMs: fc.array(fc.constantFrom(0, 0, 5, 40, 300, 1300), { minLength: 1, maxLength: 8 }),
  fails: fc.array(fc.constantFrom(false, false, false, true), { minLength: 1, maxLength: 12 }),
  batchTicks: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom('SAMPLE' as const, 'ON_CHANGE' as const),
  leases: fc.array(
    fc.record({
      atMs: fc.integer({ min: 0, max: RUN_MS - 2000 }),
      selector: fc.constantFrom('', 'a', 'b', '{__name__=~"a|c"}'),
      intervalMs: fc.constantFrom(20, 50, 100, 250, 333, 1000),
      ttlMs: fc.integer({ min: 1, max: 5000 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  readsMs: fc.array(fc.integer({ min: 0, max: RUN_MS }), { maxLength: 3 }),
});
type Run = typeof run extends fc.Arbitrary<infer T> ? T : never;

/** Values that are slow to come, and markers where the source fails. */
class SlowSource implements GroupSource {
  readonly name = 'slow';
  readonly marksEnds = true;
  readonly #ids: readonly number[];
  readonly #clock: FakeClock;
  readonly #run: Run;
  #reads = 0;
  #isDown = false;

  constructor(namer: SeriesNamer, clock: FakeClock, given: Run) {
    this.#clock = clock;
    this.#run = given;
    this.#ids = NAMES.map((name) =>
      namer.id(Labels.fromPairs(['__name__', name]), () => ({
        ...{ family: name, type: 'gauge', unit: '', help: '', priority: 'A' },
      })),
    );
  }

  async read(timestamp: number, reading: Parameters<GroupSource['read']>[1]): Promise<void> {
    const { delaysMs, fails } = this.#run;
    const number = this.#reads++;
    const delayMs = delaysMs[number % delaysMs.length] ?? 0;
    if (delayMs > 0) await new Promise<void>((done) => this.#clock.setTimer(delayMs, done));
    reading.failed = fails[number % fails.length] === true;
    const wasDown = this.#isDown;
    this.#isDown = reading.failed;
    for (const id of this.#ids) {
      if (!reading.failed) reading.columns.pushValue(id, timestamp, Math.floor(timestamp / 2500));
      else if (!wasDown) reading.columns.push(id, timestamp, STALE_LOW_WORD, STALE_HIGH_WORD);
    }
  }
}

async function simulate(given: Run) {
  const clock = new FakeClock(START_MS);
  const { mode, batchTicks } = given;
  const open: GroupSetup['open'] = (namer) => new SlowSource(namer, clock, given);
  const { collector, runtime } = await openRuntime({
    clock,
    ring: { memoryBytes: 1e6 },
    changes: {
      groups: [sampledGroup(open, { intervalMs: INTERVAL_MS, mode, batchTicks })],
      leaseSamplesPerSecondMax: 1000,
    },
  });
  runtime.start();
  await clock.advance(0);
  const events = [
    ...given.leases.map((lease, leaseId) => ({ ...lease, leaseId })),
    ...given.readsMs.map((atMs) => ({ atMs, leaseId: undefined })),
  ].sort((a, b) => a.atMs - b.atMs);
  // A collector that says nothing is taken for gone.
  const advanceTo = async (atMs: number): Promise<void> => {
    for (let now = clock.now() - START_MS; now < atMs; now = clock.now() - START_MS) {
      await clock.advance(Math.min(1000, atMs - now));
      collector.acknowledge();
    }
  };
  for (const event of events) {
    await advanceTo(event.atMs);
    if (event.leaseId === undefined) {
      collector.send({
        ...{ type: 'READ', requestId: event.atMs, kind: 'INSTANT', selector: '', minTime: 0 },
        ...{ maxTime: 0, resolutionMs: 0, budgetBytes: 1e6, timeoutMs: 500, accept: '' },
        cancel: false,
      });
      continue;
    }
    const { leaseId, selector, intervalMs, ttlMs } = event;
    collector.send({
      ...{ type: 'LEASE', leaseId, selector, intervalMs, ttlMs, predicate: '' },
      ...{ samplesPerSecondMax: 0, requestId: leaseId },
    });
  }
  await advanceTo(RUN_MS);
  // Long enough for a reading that is under way.
  const stopped = runtime.stop('SHUTDOWN', 2000);
  await advanceTo(RUN_MS + 5000);
  await stopped;
  return { collector, totals: runtime.status().totals };
}

/** What did not hold once. */
const FOUND: [Run][] = [
  // A target that fails when a lease reads it, and still at the tick.
  [
    {
      ...{ delaysMs: [0], fails: [false, true], batchTicks: 1, mode: 'SAMPLE', readsMs: [] },
      leases: [{ atMs: 700, selector: '', intervalMs: 20, ttlMs: 1541 }],
    },
  ],
  // A lease that reads at the very time of a tick that failed.
  [
    {
      ...{ delaysMs: [0], fails: [true, false, true], batchTicks: 1, mode: 'SAMPLE', readsMs: [] },
      leases: [{ atMs: 4950, selector: '', intervalMs: 250, ttlMs: 1751 }],
    },
  ],
];

test('leases and reads change nothing of what is scheduled, and double nothing', async () => {
  await fc.assert(
    fc.asyncProperty(run, async (given) => {
      const { collector, totals } = await simulate(given);
      const ledger = new EpochLedger(START_MS, 1);
      ledger.declare([{ group: GROUP, intervalMs: INTERVAL_MS, anchorMs: 0 }]);
      const seen = new Set<string>();
      let covered = 0;
      let lastTick = 0;
      for (const { sealed, head, samples } of collector.batches) {
        const key = { stream: sealed.stream, seq: sealed.seq };
        expect(ledger.receive(key, head.coverage, START_MS)).toBe('NEW');
        ledger.settle(key, false);
        const ticks = head.coverage.map(({ tickFrom, tickTo }) => [tickFrom, tickTo] as const);
        lastTick = Math.max(lastTick, ...ticks.map(([, to]) => to));
        if (ticks.length > 0) covered += samples.length;
        for (const { series, time } of samples) {
          const name = `${series} ${time}`;
          expect(seen.has(name), name).toBe(false);
          seen.add(name);
          // What is on the grid is declared, tick by tick; what is not is in batches of its own.
          const tick = time / INTERVAL_MS;
          const isDeclared = ticks.some(([from, to]) => from <= tick && tick <= to);
          expect(isDeclared, name).toBe(Number.isInteger(tick));
        }
      }
      const terms = ledger.terms(lastTick * INTERVAL_MS);
      expect(imbalance(terms)).toBe(0);
      const { missing, lost, down, degraded, rejected, inFlight } = terms;
      expect([missing, lost, down, degraded, rejected, inFlight]).toEqual([0, 0, 0, 0, 0, 0]);
      expect(terms.scheduled).toBe(totals.scheduled);
      expect(terms.failed).toBe(totals.failed);
      // A marker of a target that failed is beside what its coverage counts.
      expect(terms.stored).toBe(totals.present);
      expect(covered).toBeGreaterThanOrEqual(terms.stored);
      // From its first reading on the source has all its series at every tick: read, or failed.
      const counts = collector.batches
        .flatMap(({ head }) => head.coverage)
        .sort((a, b) => a.tickFrom - b.tickFrom)
        .map(({ seriesCount }) => seriesCount);
      const known = counts.slice(Math.max(0, counts.indexOf(NAMES.length)));
      if (counts.includes(NAMES.length)) {
        expect(known).toEqual(known.map(() => NAMES.length));
      }
    }),
    { numRuns: 80, examples: FOUND },
  );
}, 60_000);
