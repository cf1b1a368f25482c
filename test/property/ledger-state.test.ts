import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AgentLedger, type SettledBatch } from '../../src/sources/index.ts';

const EPOCH = 5000;
const GRID = { group: 1, intervalMs: 1000, anchorMs: 0 };
const LIVE = 1;

/** What becomes of a batch, in order of its number; WAITING is received and not stored. */
const batches = fc.array(
  fc.record({
    fate: fc.constantFrom('STORED', 'STORED', 'WAITING', 'WAITING', 'MISSING', 'REJECTED', 'LOST'),
    ticks: fc.integer({ min: 1, max: 3 }),
    seriesCount: fc.integer({ min: 1, max: 3 }),
    part: fc.nat({ max: 1 }),
    byRepair: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    schemaVersion: fc.nat({ max: 3 }),
    isSettled: fc.boolean(),
  }),
  { maxLength: 40 },
);

test('a record says of batches in it that they are stored, and not yet confirmed', () => {
  fc.assert(
    fc.property(batches, (list) => {
      const ledger = new AgentLedger('agent');
      const epoch = ledger.open(EPOCH, 7, [GRID], [], EPOCH);
      const settled: SettledBatch[] = [];
      let tick = 5;
      for (const [index, batch] of list.entries()) {
        const { fate, ticks, seriesCount, part, byRepair, schemaVersion, isSettled } = batch;
        const key = { stream: LIVE, seq: index + 1 };
        const counts = { presentCount: seriesCount * ticks, suppressedCount: 0 };
        const account = {
          ...{ group: 1, part, tickFrom: tick, tickTo: tick + ticks - 1, seriesCount },
          ...{ ...counts, shedCount: 0, failedCount: 0 },
        };
        tick += ticks;
        if (fate === 'LOST') epoch.lane(LIVE).heard(1, key.seq, EPOCH);
        if (fate === 'LOST') epoch.lane(LIVE).lose(key.seq, key.seq, 'EVICTED');
        if (fate === 'REJECTED') epoch.reject(key, EPOCH);
        if (fate !== 'STORED' && fate !== 'WAITING') continue;
        expect(epoch.receive(key, [account], EPOCH)).toBe('NEW');
        if (fate === 'STORED') epoch.settle(key, byRepair);
        else if (isSettled) settled.push({ ...key, byRepair, accounts: [account], schemaVersion });
      }
      const before = ledger.encodeEpoch(EPOCH);
      const said = ledger.encodeSettled(EPOCH, settled, EPOCH);
      expect(ledger.encodeEpoch(EPOCH)).toEqual(before);
      for (const { seq, stream, byRepair, schemaVersion } of settled) {
        epoch.settle({ stream, seq }, byRepair);
        // What the store will refuse of them is not known when the record is written.
        epoch.lane(stream).unconfirmed.add(seq);
        epoch.schemaVersion = Math.max(epoch.schemaVersion, schemaVersion);
      }
      expect(said).toEqual(ledger.encodeEpoch(EPOCH));
    }),
    { numRuns: 300 },
  );
});
