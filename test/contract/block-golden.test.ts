import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SampleColumns } from '../../src/model/index.ts';
import { Block } from '../../src/storage/block/block.ts';
import { decodeBlockMeta } from '../../src/storage/block/block-meta.ts';
import { decodeTombstones } from '../../src/storage/block/tombstone.ts';
import { nodeFileSystem } from '../../src/storage/file-system.ts';
import { GOLDEN_NAME, goldenSeries } from '../golden/golden-series.ts';

const PATH = fileURLToPath(new URL(`../golden/block-v1/${GOLDEN_NAME}`, import.meta.url));
const ALWAYS = { minTime: -Infinity, maxTime: Infinity };

test('the block of version 1 opens, and holds what it held', async () => {
  const bytes = await nodeFileSystem.read(`${PATH}/meta.json`);
  const meta = decodeBlockMeta('meta.json', bytes);
  const block = await Block.open(nodeFileSystem, PATH, meta);
  const wanted = goldenSeries();
  expect(meta).toMatchObject({ name: GOLDEN_NAME, cut: 3, seriesCount: wanted.length });
  const all = Array.from({ length: meta.seriesCount }, (_, ordinal) => ordinal);
  for (const entry of block.index.entries(all)) {
    const { pairs, samples, histograms } = wanted[entry.ordinal]!;
    expect(block.index.pairs(entry)).toEqual(pairs);
    const found = new SampleColumns();
    const foundHistograms: unknown[] = [];
    const bodies = await block.readChunks(entry.chunks);
    for (const [index, chunk] of entry.chunks.entries()) {
      const times = await block.times(chunk.column);
      const body = bodies[index]!;
      if (chunk.isHistogram) foundHistograms.push(...block.decodeHistograms(chunk, body, times));
      else block.decodeFloats(chunk, body, times, ALWAYS, found);
    }
    const { length } = samples;
    expect(found.length).toBe(length);
    expect(found.timestamps.slice(0, length)).toEqual(samples.timestamps.slice(0, length));
    expect(found.words.slice(0, 2 * length)).toEqual(samples.words.slice(0, 2 * length));
    expect(foundHistograms).toEqual(histograms);
  }
  await block.close();
});

test('the tombstones of version 1 are read', async () => {
  const bytes = await nodeFileSystem.read(`${PATH}/tombstones`);
  expect(decodeTombstones('tombstones', bytes)).toEqual([
    {
      matchers: [{ type: '=~', name: 'job', value: 'go.*' }],
      range: { minTime: 0, maxTime: 999 },
    },
  ]);
});
