import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/memory-file-system.ts';
import { createMatcher, SampleColumns } from '../../model/index.ts';
import { StorageError } from '../errors.ts';
import { Block } from './block.ts';
import { decodeBlockMeta, type BlockMeta } from './block-meta.ts';
import { blockName, isBlockName } from './block-names.ts';
import { BlockWriter } from './block-writer.ts';
import { selectOrdinals } from './select-ordinals.ts';

const NAME = blockName(1_700_000_000_000);
const HISTOGRAM = {
  counterReset: 'unknown' as const,
  schema: 3,
  zeroThreshold: 1e-128,
  zeroCount: 1,
  count: 7,
  sum: -0,
  positiveSpans: [{ offset: -2, length: 2 }],
  positiveBuckets: [2, 4],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
};

function pairsOf(index: number): string[] {
  return ['__name__', `m${index % 7}`, 'instance', `host-${index % 33}`, 'ü', `v${index}`];
}

async function writeBlock(
  files: MemoryFileSystem,
  seriesCount: number,
  sampleCount: number,
): Promise<BlockMeta> {
  const origin = { name: NAME, cut: 1, level: 1, sources: [] };
  const writer = await BlockWriter.create(files, 'blocks', origin);
  for (let index = 0; index < seriesCount; index++) {
    const samples = new SampleColumns();
    const jitter = index % 33;
    for (let at = 0; at < sampleCount; at++)
      samples.push(at * 1000 + ((at * jitter) % 7), index + at / 4);
    samples.pushStale(sampleCount * 1000);
    const histograms = index % 10 === 0 ? [{ timestamp: 5000, histogram: HISTOGRAM }] : [];
    writer.addSeries(pairsOf(index), samples, histograms);
    if (writer.isFull) await writer.flush();
  }
  const meta = await writer.finish();
  if (meta === undefined) throw new Error('the block has no series');
  return meta;
}

test('what was written is found and read again', async () => {
  const files = new MemoryFileSystem();
  const meta = await writeBlock(files, 100, 700);
  expect(meta).toMatchObject({ seriesCount: 100, sampleCount: 70_110, minTime: 0 });
  expect(decodeBlockMeta('meta', files.bytes(`blocks/${NAME}/meta.json`))).toEqual(meta);
  const block = await Block.open(files, `blocks/${NAME}`, meta);
  const { index } = block;
  const ordinals = selectOrdinals(index, [createMatcher('=', '__name__', 'm3')]);
  expect([...ordinals]).toEqual([3, 10, 17, 24, 31, 38, 45, 52, 59, 66, 73, 80, 87, 94]);
  for (const entry of index.entries(ordinals)) {
    expect(index.pairs(entry)).toEqual(pairsOf(entry.ordinal));
    const floats = entry.chunks.filter(({ isHistogram }) => !isHistogram);
    const bodies = await block.readChunks(floats);
    const samples = new SampleColumns(1);
    for (const [at, chunk] of floats.entries()) {
      const range = { minTime: 1000, maxTime: 600_000 };
      block.decodeFloats(chunk, bodies[at]!, await block.times(chunk.column), range, samples);
    }
    const jitter = entry.ordinal % 33;
    const want = Array.from({ length: 700 }, (_, at) => at)
      .map((at) => [at * 1000 + ((at * jitter) % 7), entry.ordinal + at / 4] as const)
      .filter(([time]) => time >= 1000 && time <= 600_000);
    const got = want.map((_, at) => [samples.timestamps[at], samples.values[at]]);
    expect([samples.length, got]).toEqual([want.length, want]);
  }
  const [first] = index.entries([0]);
  const chunk = first!.chunks.at(-1)!;
  const [body] = await block.readChunks([chunk]);
  expect(block.decodeHistograms(chunk, body!, await block.times(chunk.column))).toEqual([
    { timestamp: 5000, histogram: HISTOGRAM },
  ]);
  await block.close();
});

test('matchers of every kind find what testing each series finds', async () => {
  const files = new MemoryFileSystem();
  const meta = await writeBlock(files, 100, 1);
  const { index } = await Block.open(files, `blocks/${NAME}`, meta);
  const values = ['', 'm1', 'host-1', 'host-1|host-3|x', 'host-.', '.*', '.+', 'v9.', 'nothing'];
  for (const name of ['__name__', 'instance', 'ü', 'nowhere']) {
    for (const value of values) {
      for (const type of ['=', '!=', '=~', '!~'] as const) {
        const matchers = [createMatcher(type, name, value), createMatcher('!=', 'ü', 'v5')];
        const want = Array.from({ length: 100 }, (_, each) => each).filter((each) => {
          const pairs = pairsOf(each);
          const at = pairs.indexOf(name);
          return matchers[0]!.matches(at < 0 ? '' : (pairs[at + 1] ?? '')) && each !== 5;
        });
        const shown = `${name}${type}${value}`;
        expect([shown, ...selectOrdinals(index, matchers)]).toEqual([shown, ...want]);
      }
    }
  }
});

test('every flipped bit is found or harmless, and names its file', async () => {
  const files = new MemoryFileSystem();
  const meta = await writeBlock(files, 20, 5);
  for (const name of ['index', 'chunks']) {
    const path = `blocks/${NAME}/${name}`;
    const bytes = files.bytes(path);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = bytes[at]! ^ (1 << (at & 7));
      await expect(readAll(files, meta), `${name} at ${at}`).rejects.toThrow(StorageError);
      await expect(readAll(files, meta)).rejects.toThrow(path);
      bytes[at] = bytes[at]! ^ (1 << (at & 7));
    }
  }
  await readAll(files, meta);
});

async function readAll(files: MemoryFileSystem, meta: BlockMeta): Promise<void> {
  const block = await Block.open(files, `blocks/${NAME}`, meta);
  for (const entry of block.index.entries(
    Uint32Array.from({ length: meta.seriesCount }, (_, i) => i),
  )) {
    block.index.pairs(entry);
    const bodies = await block.readChunks(entry.chunks);
    for (const [at, chunk] of entry.chunks.entries()) {
      const times = await block.times(chunk.column);
      if (chunk.isHistogram) block.decodeHistograms(chunk, bodies[at]!, times);
      else
        block.decodeFloats(
          chunk,
          bodies[at]!,
          times,
          { minTime: 0, maxTime: 9 },
          new SampleColumns(),
        );
    }
  }
}

test('names sort by time', () => {
  expect(isBlockName(NAME)).toBe(true);
  expect(blockName(1000) < blockName(2000)).toBe(true);
  expect(blockName(1000)).not.toBe(blockName(1000));
});
