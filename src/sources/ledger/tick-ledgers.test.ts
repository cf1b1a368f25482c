import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../util/index.ts';
import { SeriesCounts } from './series-counts.ts';
import { TickCoverage } from './tick-coverage.ts';

test('series counts behave as a number for each tick', () => {
  const change = fc.record({
    from: fc.integer({ min: 0, max: 30 }),
    length: fc.option(fc.integer({ min: 1, max: 10 })),
    count: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
      const counts = new SeriesCounts();
      const model: number[] = Array.from({ length: 60 }, () => changes[0]?.count ?? 0);
      let lowest = changes[0]?.from ?? 0;
      for (const [index, { from, length, count }] of changes.entries()) {
        const to = length === null || index === 0 ? Infinity : from + length - 1;
        counts.set(from, to, count);
        // What lies before the first step follows it, until it is told apart.
        if (from === lowest) model.fill(count, 0, from);
        if (from < lowest) lowest = from - 1;
        for (let tick = from; tick <= Math.min(to, 59); tick++) model[tick] = count;
      }
      const writer = new ByteWriter();
      counts.encode(writer);
      const copy = SeriesCounts.decode(new ByteReader(writer.written()));
      for (const [tick, count] of model.entries()) {
        expect(counts.at(tick)).toBe(count);
        expect(copy.at(tick)).toBe(count);
      }
      expect(counts.sum(3, 50)).toBe(model.slice(3, 51).reduce((sum, count) => sum + count, 0));
    }),
  );
});

test('coverage: whatever the order of arrival, holes name the batches that could fill them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 15 }),
      fc.infiniteStream(fc.nat()),
      (lengths, draws) => {
        let next = 1;
        const batches = lengths.map((length, index) => {
          const batch = { from: next, to: next + length - 1, seq: index + 1 };
          next += length;
          return batch;
        });
        const waiting = [...batches];
        const coverage = new TickCoverage();
        const stored = new Set<number>();
        while (waiting.length > 0) {
          const drawn = Number(draws.next().value) % waiting.length;
          const [batch] = waiting.splice(drawn, 1);
          if (batch === undefined) break;
          expect(coverage.fits(batch.from, batch.to, batch.seq)).toBe(true);
          coverage.cover(batch.from, batch.to, batch.seq);
          expect(coverage.fits(batch.to, batch.to, batch.seq)).toBe(false);
          stored.add(batch.seq);
          for (const hole of coverage.holes(1)) {
            const within = batches.filter(({ from, to }) => from >= hole.from && to <= hole.to);
            expect(within.map(({ seq }) => seq)).toEqual(
              Array.from({ length: hole.seqTo - hole.seqFrom + 1 }, (_, at) => hole.seqFrom + at),
            );
            for (const { seq } of within) expect(stored.has(seq)).toBe(false);
          }
        }
        expect(coverage.holes(1)).toEqual([]);
      },
    ),
  );
});
