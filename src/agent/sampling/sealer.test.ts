import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Sealed } from '../../formats/tide/index.ts';
import {
  BatchColumns,
  BatchDecoder,
  CODEC_DEFLATE,
  decodeSchema,
} from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { Sealer } from './sealer.ts';
import { SeriesTable } from './series-table.ts';

const DESCRIPTION = { family: 'm', type: 'gauge', unit: '', help: '', priority: 'B' } as const;

function sealerOf(
  table: SeriesTable,
  onTooLarge: () => void = () => {},
): { sealer: Sealer; sealed: Omit<Sealed, 'epoch' | 'seq'>[] } {
  const sealed: Omit<Sealed, 'epoch' | 'seq'>[] = [];
  const sealer = new Sealer({
    table,
    part: () => 0,
    policyVersion: () => 0,
    codec: () => CODEC_DEFLATE,
    seal: (content) => {
      sealed.push(content);
    },
    onTooLarge,
  });
  return { sealer, sealed };
}

test('series whose texts do not fit one frame are told of in several', () => {
  const table = new SeriesTable(Labels.EMPTY);
  const ids = Array.from({ length: 3000 }, (_, index) => {
    const random = createHash('sha256').update(String(index)).digest('hex');
    return table.add(1, Labels.fromPairs(['__name__', 'm', 'id', random]), () => DESCRIPTION);
  });
  const { sealer, sealed } = sealerOf(table);
  sealer.sealSchema();
  const changes = sealed.map(({ payload, codec }) => decodeSchema(payload, codec));
  expect(changes.length).toBeGreaterThan(2);
  expect(changes.map(({ version }) => version)).toEqual(changes.map((_, index) => index + 1));
  expect(changes.flatMap(({ series }) => series.map(({ id }) => id))).toEqual(ids);
  expect(changes.at(-1)?.hash).toEqual(table.hash);
  expect(table.hasChange).toBe(false);
});

test('the longest labels that are carried fit, with those of the agent and long descriptions', () => {
  const external = Array.from({ length: 16 }, (_, index) => [`e${index}`, 'y'.repeat(100)]).flat();
  const table = new SeriesTable(Labels.fromPairs(external));
  const long = Array.from({ length: 4 }, (_, index) => [`l${index}`, 'é'.repeat(2000)]).flat();
  const labels = Labels.fromPairs(['__name__', 'm', ...long]);
  table.add(1, labels, () => ({ ...DESCRIPTION, help: '漢'.repeat(5000), unit: 'u'.repeat(5000) }));
  const { sealer, sealed } = sealerOf(table);
  sealer.sealSchema();
  expect(sealed).toHaveLength(1);
  const [series] = decodeSchema(sealed[0]!.payload, sealed[0]!.codec).series;
  expect([series?.help.length, series?.unit.length]).toEqual([1024, 1024]);
  const tooLong = Labels.fromPairs(['__name__', 'm', 'l', 'x'.repeat(4097)]);
  expect(() => table.add(1, tooLong, () => DESCRIPTION)).toThrow('4097 bytes, want at most 4096');
});

test('a histogram that no frame can carry is left out, and what is beside it goes', () => {
  const table = new SeriesTable(Labels.EMPTY);
  const ids = ['large', 'other'].map((name) =>
    table.add(1, Labels.fromPairs(['__name__', name]), () => DESCRIPTION),
  );
  const length = 60_000;
  const buckets = Array.from({ length }, (_, index) => Math.abs(Math.sin(index)) * 1e9);
  const columns = new BatchColumns(2);
  columns.pushHistogram(ids[0]!, 1000, {
    ...{ counterReset: 'unknown', schema: 8, zeroThreshold: 0, zeroCount: 0, count: 1e15, sum: 5 },
    ...{ positiveSpans: [{ offset: 0, length }], positiveBuckets: buckets },
    ...{ negativeSpans: [], negativeBuckets: [], customValues: [] },
  });
  columns.pushValue(ids[1]!, 1000, 7);
  let tooLarge = 0;
  const { sealer, sealed } = sealerOf(table, () => tooLarge++);
  sealer.sealSamples(columns);
  const found = new BatchColumns(1);
  const batches = sealed.filter(({ type }) => type === 'BATCH');
  for (const { payload, codec } of batches) new BatchDecoder().decode(payload, codec, found);
  expect([tooLarge, batches.length, found.values[0]]).toEqual([1, 1, 7]);
});
