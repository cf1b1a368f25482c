import { describe, expect, test } from 'vitest';
import { AgentLedger } from './agent-ledger.ts';
import type { TickGrid } from './epoch-ledger.ts';
import type { TickAccount } from './group-ledger.ts';
import { imbalance } from './terms.ts';

const GRID: TickGrid = { group: 1, intervalMs: 1000, anchorMs: 0 };
const LIVE = 1;

/** All series of one tick, present unless told. */
function tick(at: number, more: Partial<TickAccount> = {}): TickAccount {
  return {
    group: 1,
    part: 0,
    tickFrom: at,
    tickTo: at,
    seriesCount: 10,
    presentCount: 10,
    suppressedCount: 0,
    shedCount: 0,
    failedCount: 0,
    ...more,
  };
}

/** Of the test with many schemas: the count that is assumed of a tick that is missing. */
function seriesCountAt(at: number): number {
  return 10 + ((at - (at % 4)) % 7);
}

function store(ledger: AgentLedger, epoch: number, seq: number, account: TickAccount): void {
  const epochLedger = ledger.epoch(epoch);
  expect(epochLedger?.receive({ stream: LIVE, seq }, [account], 0)).toBe('NEW');
  epochLedger?.settle({ stream: LIVE, seq }, false);
}

describe('AgentLedger', () => {
  test('what is sealed and not here is missing before any batch of its epoch came', () => {
    const ledger = new AgentLedger('a');
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 4 }];
    // A collector that knows nothing: an earlier run on the agent's disk, and the one that runs.
    const epoch = ledger.open(20_000, 7, [GRID], [{ epoch: 10_000, streams }], 30_000);
    epoch.lane(LIVE).heard(1, 11, 30_000);
    expect(ledger.completeThroughMs(30_000)).toBe(9999);
    ledger.heardSeries(
      20_000,
      1,
      Array.from({ length: 10 }, () => 1),
    );
    ledger.heardSeries(
      20_000,
      1,
      Array.from({ length: 10 }, () => 1),
    );
    const terms = { scheduled: 210, missing: 210 };
    expect(ledger.terms(30_000)).toMatchObject(terms);
    const loaded = new AgentLedger('a');
    for (const each of [10_000, 20_000]) loaded.loadEpoch(ledger.encodeEpoch(each), 0);
    expect(loaded.terms(30_000)).toMatchObject(terms);
    ledger.heardSeries(
      10_000,
      1,
      Array.from({ length: 20 }, () => 1),
    );
    expect(ledger.terms(30_000)).toMatchObject({ scheduled: 310, missing: 310 });
    // Stored: the batch knows better than the schema what was scheduled.
    for (let seq = 1; seq <= 4; seq++) store(ledger, 10_000, seq, tick(9 + seq));
    expect(ledger.terms(30_000)).toMatchObject({ stored: 40, down: 60, missing: 110 });
    expect(ledger.completeThroughMs(30_000)).toBe(19_000);
    expect(imbalance(ledger.terms(30_000))).toBe(0);
  });

  test('every tick is in one term', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    store(ledger, 5000, 1, tick(5, { presentCount: 6, suppressedCount: 4 }));
    store(ledger, 5000, 3, tick(7, { presentCount: 8, failedCount: 1, shedCount: 1 }));
    epoch.receive({ stream: LIVE, seq: 4 }, [tick(8)], 8000);
    const terms = ledger.terms(10_000);
    expect(terms).toMatchObject({ scheduled: 60, stored: 14, suppressed: 4, failed: 1, shed: 1 });
    expect(terms).toMatchObject({ missing: 30, inFlight: 10, lost: 0, down: 0 });
    expect(imbalance(terms)).toBe(0);
    expect(ledger.completeThroughMs(10_000)).toBe(5000);
    epoch.lane(LIVE).lose(2, 2, 'EVICTED');
    expect(ledger.terms(10_000)).toMatchObject({ missing: 20, lost: 10 });
    expect(ledger.completeThroughMs(10_000)).toBe(7000);
  });

  test('the watermark goes on with the newest run, once those before it are settled', () => {
    const ledger = new AgentLedger('a');
    ledger.open(10_000, 7, [GRID], [], 10_000);
    store(ledger, 10_000, 1, tick(10));
    store(ledger, 10_000, 2, tick(11));
    ledger.open(20_000, 8, [GRID], [], 20_000);
    for (let seq = 1; seq <= 5; seq++) store(ledger, 20_000, seq, tick(19 + seq));
    expect(ledger.completeThroughMs(24_500)).toBe(24_000);
    // A hole in the newest run holds it back, and so does one in the run before.
    ledger.epoch(20_000)?.lane(LIVE).heard(1, 7, 27_000);
    expect(ledger.completeThroughMs(27_500)).toBe(24_000);
    ledger.epoch(10_000)?.lane(LIVE).heard(1, 3, 27_000);
    expect(ledger.completeThroughMs(27_500)).toBe(11_000);
  });

  test('an epoch ahead of the clock, which was set back, schedules nothing up to its number', () => {
    const ledger = new AgentLedger('a');
    const AHEAD_MS = 3_600_000;
    ledger.open(AHEAD_MS, 7, [GRID], [], 20_000, AHEAD_MS);
    store(ledger, AHEAD_MS, 1, tick(3600));
    // Set right, and begun anew at 20 s: its number is only one higher.
    ledger.open(AHEAD_MS + 1, 8, [GRID], [], 20_000, 20_000);
    store(ledger, AHEAD_MS + 1, 1, tick(20));
    store(ledger, AHEAD_MS + 1, 2, tick(21));
    expect(ledger.terms(21_500)).toMatchObject({ scheduled: 30, stored: 30, missing: 0, down: 0 });
    expect(ledger.completeThroughMs(21_500)).toBe(21_000);
    // And again, after it was down for five seconds.
    ledger.open(AHEAD_MS + 2, 9, [GRID], [], 27_000, 27_000);
    store(ledger, AHEAD_MS + 2, 1, tick(27));
    expect(ledger.terms(27_500)).toMatchObject({ scheduled: 90, stored: 40, down: 50 });
    // A reconnect long after moves no end.
    ledger.open(AHEAD_MS + 2, 9, [GRID], [], 90_000, 90_000);
    expect(ledger.terms(27_500)).toMatchObject({ scheduled: 90, stored: 40, down: 50 });
  });

  test('an epoch known to begin before its number only from its batches has no more ticks', () => {
    const ledger = new AgentLedger('a');
    ledger.open(50_000, 7, [GRID], [], 50_000);
    store(ledger, 50_000, 1, tick(50));
    // Set back by less than is told from a slow HELLO; its last batch came first.
    ledger.open(50_001, 8, [GRID], [], 20_000);
    store(ledger, 50_001, 2, tick(21));
    store(ledger, 50_001, 1, tick(20));
    expect(ledger.terms(21_500)).toMatchObject({ scheduled: 30, stored: 30, missing: 0 });
    // The clock is right again.
    ledger.open(60_000, 9, [GRID], [], 60_000);
    const stateOf = (at: number) => {
      const epoch = ledger.epoch(50_001);
      return epoch?.tickState(epoch.groups[0] ?? expect.fail(), at, 60_000);
    };
    expect([20, 21, 22, 50, 59].map(stateOf)).toEqual([
      ...['COVERED', 'COVERED'],
      ...['DOWN', 'DOWN', 'DOWN'],
    ]);
    expect(ledger.terms(60_000)).toMatchObject({ stored: 30, lost: 0 });
  });

  test('of an epoch heard of later, and after the clock was set back, none before it is lost', () => {
    const ledger = new AgentLedger('a');
    ledger.open(10_000, 7, [GRID], [], 10_000);
    store(ledger, 10_000, 1, tick(10));
    const streams = [{ stream: LIVE, firstRetained: 3, lastSeq: 3 }];
    ledger.open(100_001, 9, [GRID], [{ epoch: 100_000, streams }], 20_000, 20_000);
    ledger.epoch(100_000)?.lane(LIVE).lose(1, 2, 'EVICTED');
    store(ledger, 100_000, 3, tick(102));
    expect(ledger.epoch(100_000)?.terms(20_000)).toMatchObject({ scheduled: 30, lost: 20 });
  });

  test('of the oldest epochs that came to their end only sums are kept, for good', () => {
    const ledger = new AgentLedger('a');
    for (let epoch = 10_000; epoch <= 50_000; epoch += 10_000) {
      ledger.open(epoch, 7, [GRID], [], epoch);
      store(ledger, epoch, 1, tick(epoch / 1000));
    }
    const terms = ledger.terms(55_000);
    const through = ledger.completeThroughMs(55_000);
    const states = new Map(ledger.epochs.map(({ epoch }) => [epoch, ledger.encodeEpoch(epoch)]));
    // The third is still held by the agent: it and what is later stays.
    expect(ledger.fold(1, (epoch) => epoch === 30_000, 55_000)).toEqual([10_000, 20_000]);
    expect(ledger.epochs.map(({ epoch }) => epoch)).toEqual([30_000, 40_000, 50_000]);
    expect(ledger.terms(55_000)).toEqual(terms);
    expect(ledger.completeThroughMs(55_000)).toBe(through);
    expect(ledger.folded.sealed).toMatchObject({ sealed: 2, durable: 2, lost: 0 });
    expect(ledger.currentEpoch).toBe(50_000);
    // What the disk still has of them, before or behind, does not count twice.
    for (const isFirst of [true, false]) {
      const loaded = new AgentLedger('a');
      const { value } = ledger.foldedState();
      if (isFirst) loaded.loadEpoch(value, 0);
      for (const state of states.values()) loaded.loadEpoch(state, 0);
      if (!isFirst) loaded.loadEpoch(value, 0);
      expect(loaded.terms(55_000)).toEqual(terms);
    }
    // An agent that tells of one again brings nothing back.
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 9 }];
    ledger.open(60_000, 7, [GRID], [{ epoch: 10_000, streams }], 60_000);
    expect(ledger.epoch(10_000)).toBeUndefined();
  });

  test('what a later run does not hold any more is lost, and holds nothing back', () => {
    const ledger = new AgentLedger('a');
    const held = (lastSeq: number) => [{ stream: LIVE, firstRetained: 1, lastSeq }];
    store(ledger, ledger.open(10_000, 7, [GRID], [], 10_000).epoch, 1, tick(10));
    ledger.open(20_000, 7, [GRID], [{ epoch: 10_000, streams: held(5) }], 20_000);
    expect(ledger.epoch(10_000)?.lane(LIVE).missingCount).toBe(4);
    ledger.open(30_000, 7, [GRID], [], 30_000);
    expect(ledger.epoch(10_000)?.lane(LIVE).lossReason(3)).toBe('EVICTED');
    expect(ledger.epoch(10_000)?.isSettled).toBe(true);
  });

  test('a run with many holes and schemas keeps sums of its oldest ticks', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(1000, 7, [GRID], [], 1000);
    const want = { scheduled: 0, stored: 0, lost: 0 };
    let seriesCount = 10;
    for (let at = 1; at <= 5000; at++) {
      if (at % 4 === 0) seriesCount = 10 + (at % 7);
      const isLost = at % 5 === 2 && at !== 4002;
      // Of ticks that nobody reports the count before is assumed.
      const presentCount = seriesCount;
      want.scheduled += seriesCount;
      if (isLost) {
        want.lost += seriesCount;
        epoch.lane(LIVE).heard(1, at, at);
        epoch.lane(LIVE).lose(at, at, 'DAMAGED');
      } else if (at !== 4002) {
        want.stored += seriesCount;
        store(ledger, 1000, at, tick(at, { seriesCount, presentCount }));
      }
    }
    const nowMs = 5_000_500;
    const terms = ledger.terms(nowMs);
    expect(imbalance(terms)).toBe(0);
    expect(terms).toMatchObject({ stored: want.stored, missing: seriesCountAt(4002) });
    const [group] = epoch.groups;
    expect(group?.coverage.runCount).toBeLessThanOrEqual(256);
    expect(group?.firstTick).toBeGreaterThan(3000);
    expect(ledger.completeThroughMs(nowMs)).toBe(4_001_000);
    const state = ledger.encodeEpoch(1000);
    const loaded = new AgentLedger('a');
    loaded.loadEpoch(state, 0);
    expect(loaded.terms(nowMs)).toEqual(terms);
    // What still may come, comes; what is folded does not come twice.
    store(ledger, 1000, 4002, tick(4002));
    expect(ledger.terms(nowMs)).toMatchObject({ stored: want.stored + 10, missing: 0 });
    const late = epoch.receive({ stream: LIVE, seq: 2 }, [tick(2)], nowMs);
    expect(late).toBe('MISFIT');
    expect(imbalance(ledger.terms(nowMs))).toBe(0);
  });

  test('what no later run ever held went with the crash, though its write failed only later', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(10_000, 7, [GRID], [], 10_000);
    epoch.receive({ stream: LIVE, seq: 1 }, [tick(10)], 10_000);
    ledger.open(20_000, 7, [GRID], [], 20_000);
    epoch.drop({ stream: LIVE, seq: 1 });
    ledger.open(30_000, 7, [GRID], [], 30_000);
    expect(epoch.lane(LIVE).lossReason(1)).toBe('CRASH');
    // Ticks behind it were never taken.
    expect(epoch.terms(30_000)).toMatchObject({ lost: 10, down: 90 });
  });

  test('a collector that was started anew knows as well what went with a crash', () => {
    const before = new AgentLedger('a');
    before.open(10_000, 7, [GRID], [], 10_000);
    store(before, 10_000, 1, tick(10));
    const ledger = new AgentLedger('a');
    const epoch = ledger.loadEpoch(before.encodeEpoch(10_000), 10_500) ?? expect.fail();
    epoch.receive({ stream: LIVE, seq: 2 }, [tick(11)], 11_000);
    ledger.open(20_000, 8, [GRID], [], 20_000);
    epoch.drop({ stream: LIVE, seq: 2 });
    ledger.open(20_000, 8, [GRID], [], 21_000);
    expect(epoch.lane(LIVE).lossReason(2)).toBe('CRASH');
    expect(epoch.terms(30_000)).toMatchObject({ stored: 10, lost: 10, down: 80 });
  });

  test('what is lost at the end took the ticks up to the last sign of life along, no more', () => {
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 5 }];
    const held = { epoch: 10_000, streams, sealedMs: 14_200 };
    for (const cause of ['CRASH', 'EVICTED'] as const) {
      const ledger = new AgentLedger('a');
      const epoch = ledger.open(10_000, 7, [GRID], [], 10_000);
      store(ledger, 10_000, 1, tick(10));
      if (cause === 'CRASH') {
        epoch.lane(LIVE).heard(1, 5, 14_300);
        epoch.heardAlive(14_200);
      } else {
        ledger.open(20_000, 8, [GRID], [held], 20_000);
      }
      const loaded = new AgentLedger('a');
      for (const one of ledger.epochs) loaded.loadEpoch(ledger.encodeEpoch(one.epoch), 20_000);
      loaded.open(20_001, 9, [GRID], [], 20_001);
      const last = loaded.epoch(10_000) ?? expect.fail();
      expect(last.lane(LIVE).lossReason(3)).toBe(cause);
      const down = last.endMs === 20_001 ? 60 : 50;
      expect(last.terms(30_000)).toMatchObject({ stored: 10, lost: 40, down });
      const group = last.groups[0] ?? expect.fail();
      expect([10, 11, 14, 15, 19].map((at) => last.tickState(group, at, 30_000))).toEqual([
        ...['COVERED', 'LOST', 'LOST'],
        ...['DOWN', 'DOWN'],
      ]);
    }
  });

  test('of a run that leaves, nothing after the ticks that it told of is lost', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(10_000, 7, [GRID], [], 10_000);
    store(ledger, 10_000, 1, tick(10));
    epoch.lane(LIVE).heard(1, 5, 17_000);
    // It samples no more, and is still here.
    epoch.heardTicks([{ group: 1, tick: 14 }], 17_000);
    ledger.open(20_000, 8, [GRID], [], 20_000);
    expect(epoch.terms(30_000)).toMatchObject({ stored: 10, lost: 40, down: 50 });
  });

  test('a group that is only expected is no sign of life, though the number be ahead', () => {
    const other: TickGrid = { ...GRID, group: 2 };
    const ledger = new AgentLedger('a');
    ledger.open(50_000, 7, [GRID, other], [], 50_000);
    store(ledger, 50_000, 1, tick(50));
    store(ledger, 50_000, 2, tick(50, { group: 2 }));
    // Set back by less than is told from a slow HELLO.
    const epoch = ledger.open(50_001, 8, [GRID, other], [], 20_000);
    store(ledger, 50_001, 1, tick(20));
    epoch.lane(LIVE).heard(1, 2, 21_000);
    epoch.heardTicks([{ group: 1, tick: 21 }], 21_000);
    ledger.open(60_000, 9, [GRID, other], [], 60_000);
    const first = epoch.groups.find(({ group }) => group === 1) ?? expect.fail();
    expect(epoch.groupTerms(first, 60_000)).toMatchObject({ stored: 10, lost: 10, down: 380 });
  });

  test('two processes that began with one number are told apart by what each is known by', () => {
    const ledger = new AgentLedger('a');
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 5 }];
    const extent = (nonce?: number) => ({ epoch: 10_000, nonce, streams, sealedMs: 14_000 });
    const epoch = ledger.open(10_000, 7, [GRID], [], 10_000);
    ledger.open(20_000, 9, [GRID], [extent(8)], 20_000);
    ledger.heardPrevious([extent(8)], 20_000);
    expect([ledger.isOf(extent(8)), epoch.lane(LIVE).lastSeq]).toEqual([false, 0]);
    // Who does not say is believed, as is the first that says.
    ledger.heardPrevious([extent()], 20_000);
    expect([ledger.isOf(extent(7)), epoch.lane(LIVE).lastSeq]).toEqual([true, 5]);
    const unknown = new AgentLedger('a');
    unknown.open(20_000, 9, [GRID], [extent(8)], 20_000);
    expect([unknown.isOf(extent(8)), unknown.isOf(extent(7))]).toEqual([true, false]);
    const loaded = new AgentLedger('a');
    loaded.loadEpoch(unknown.encodeEpoch(10_000), 0);
    expect(loaded.isOf(extent(7))).toBe(false);
  });

  test('where nobody says how long a run lived, what was evicted may be all of its end', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(10_000, 7, [GRID], [], 10_000);
    epoch.heardAlive(10_100);
    store(ledger, 10_000, 1, tick(10));
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 5 }];
    ledger.open(20_000, 8, [GRID], [{ epoch: 10_000, streams }], 20_000);
    ledger.open(30_000, 9, [GRID], [], 30_000);
    expect(epoch.terms(30_000)).toMatchObject({ stored: 10, lost: 90, down: 0 });
  });

  test('samples that the store refused are rejected, not stored', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    epoch.receive({ stream: LIVE, seq: 1 }, [tick(5)], 0);
    epoch.settle({ stream: LIVE, seq: 1 }, false, new Map([[1, 3]]));
    expect(ledger.terms(5500)).toMatchObject({ scheduled: 10, stored: 7, rejected: 3 });
  });

  test('what was refused is taken from the part that held it, and from none that did not', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    store(ledger, 5000, 1, tick(5));
    epoch.receive({ stream: LIVE, seq: 2 }, [tick(5, { part: 1 })], 0);
    epoch.settle({ stream: LIVE, seq: 2 }, false, new Map([[1, 10]]));
    const [first, second] = epoch.groups.map((group) => epoch.groupTerms(group, 5500));
    expect(first).toMatchObject({ stored: 10, rejected: 0 });
    expect(second).toMatchObject({ stored: 0, rejected: 10 });
    // Samples between ticks are counted nowhere, so neither is their refusal.
    epoch.receive({ stream: LIVE, seq: 3 }, [], 0);
    epoch.settle({ stream: LIVE, seq: 3 }, false, new Map([[1, 4]]));
    expect(ledger.terms(5500)).toMatchObject({ stored: 10, rejected: 10 });
  });

  test('down only when the next start proves it; lost what a crash took', () => {
    const ledger = new AgentLedger('a');
    const old = ledger.open(5000, 7, [GRID], [], 5000);
    store(ledger, 5000, 1, tick(5));
    old.heardTick(1, 7);
    old.lane(LIVE).heard(1, 3, 7500);
    expect(ledger.terms(20_000)).toMatchObject({ missing: 150, down: 0 });
    // Number 2 was synced and number 3 was not; the agent runs again from tick 20 on.
    const streams = [{ stream: LIVE, firstRetained: 1, lastSeq: 2 }];
    ledger.open(19_500, 8, [GRID], [{ epoch: 5000, streams }], 19_500);
    expect(old.lane(LIVE).stateOf(3)).toBe('LOST');
    expect(old.lane(LIVE).lossReason(3)).toBe('CRASH');
    expect(old.terms(20_000)).toMatchObject({ scheduled: 150, missing: 140 });
    expect(old.receive({ stream: LIVE, seq: 2 }, [tick(6)], 0)).toBe('NEW');
    old.settle({ stream: LIVE, seq: 2 }, true);
    expect(old.terms(20_000)).toMatchObject({ stored: 20, lost: 10, down: 120, missing: 0 });
    expect(old.isSettled).toBe(true);
  });

  test('ticks that two batches claim are refused', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    store(ledger, 5000, 2, tick(6));
    expect(epoch.receive({ stream: LIVE, seq: 3 }, [tick(6)], 0)).toBe('MISFIT');
    expect(epoch.receive({ stream: LIVE, seq: 1 }, [tick(7)], 0)).toBe('MISFIT');
    expect(epoch.receive({ stream: LIVE, seq: 2 }, [tick(8)], 0)).toBe('DUPLICATE');
  });

  test('a group that began later than its epoch owes nothing for before', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    epoch.receive({ stream: LIVE, seq: 1 }, [], 0);
    epoch.settle({ stream: LIVE, seq: 1 }, false);
    store(ledger, 5000, 2, tick(9));
    expect(ledger.terms(9500)).toMatchObject({ scheduled: 10, stored: 10, lost: 0 });
  });

  test('the state in the record of a batch says that it is stored', () => {
    const ledger = new AgentLedger('a');
    const epoch = ledger.open(5000, 7, [GRID], [], 5000);
    store(ledger, 5000, 1, tick(5));
    epoch.receive({ stream: LIVE, seq: 2 }, [tick(6)], 0);
    const batch = { stream: LIVE, seq: 2, byRepair: true, accounts: [tick(6)], schemaVersion: 0 };
    const state = ledger.encodeSettled(5000, [batch], 0);
    expect(epoch.lane(LIVE).stateOf(2)).toBe('RECEIVED');
    expect(state.length).toBeLessThan(100);
    const loaded = new AgentLedger('a');
    loaded.loadEpoch(state, 0);
    expect(loaded.epoch(5000)?.nonce).toBe(7);
    expect(loaded.epoch(5000)?.lane(LIVE).stateOf(2)).toBe('REPAIRED');
    expect(loaded.terms(6500)).toMatchObject({ scheduled: 20, stored: 20, missing: 0 });
  });

  test('refuses a state of another version', () => {
    expect(() => new AgentLedger('a').loadEpoch(Uint8Array.of(9), 0)).toThrow(
      'version 9, wanted 1',
    );
  });
});
