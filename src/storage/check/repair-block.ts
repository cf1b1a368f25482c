import { SampleColumns } from '../../model/index.ts';
import type { Clock } from '../../util/index.ts';
import type { HistogramSample } from '../api.ts';
import { blockName } from '../block/block-names.ts';
import { readTombstones, writeTombstones } from '../block/block-set.ts';
import { BlockWriter } from '../block/block-writer.ts';
import { StorageError } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import type { CheckedBlock } from './check-block.ts';
import { readChunk } from './check-block.ts';

/** Where damaged files are moved to, in the data folder. */
const QUARANTINE = 'quarantine';

/** Writes what can be read of a block to a new one, and puts the old one aside. */
export async function rewriteBlock(
  files: FileSystem,
  clock: Clock,
  dataDir: string,
  { block, meta }: CheckedBlock,
): Promise<string> {
  const dir = `${dataDir}/blocks`;
  const name = blockName(clock.now());
  const { cut, level } = meta;
  const sources = [...meta.sources, meta.name];
  const writer = await BlockWriter.create(files, dir, { name, cut, level, sources });
  try {
    await copyReadable(block, writer);
    const written = await writer.finish();
    if (written !== undefined) {
      const tombstones = await readTombstones(files, block.path);
      if (tombstones.length > 0) await writeTombstones(files, `${dir}/${name}`, tombstones);
    }
    await putAside(files, clock, dataDir, meta.name);
    return written === undefined ? 'put aside: nothing could be read' : `written again as ${name}`;
  } catch (error) {
    await writer.abandon().catch(() => {});
    throw error;
  }
}

async function copyReadable(block: CheckedBlock['block'], writer: BlockWriter): Promise<void> {
  const samples = new SampleColumns();
  const ordinals = Array.from({ length: block.index.seriesCount }, (_, ordinal) => ordinal);
  for (const entry of block.index.entries(ordinals)) {
    samples.reset();
    const histograms: HistogramSample[] = [];
    for (const chunk of entry.chunks) {
      const before = samples.length;
      try {
        await readChunk(block, chunk, samples, histograms);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        samples.length = before;
      }
    }
    writer.addSeries(block.index.pairs(entry), samples, histograms);
    if (writer.isFull) await writer.flush();
  }
}

/** Moves a block out of the way. */
export async function putAside(
  files: FileSystem,
  clock: Clock,
  dataDir: string,
  name: string,
): Promise<string> {
  const folder = `${dataDir}/${QUARANTINE}`;
  await files.makeDirectory(folder);
  const target = `${QUARANTINE}/${name}-${clock.now()}`;
  await files.rename(`${dataDir}/blocks/${name}`, `${dataDir}/${target}`);
  await files.syncDirectory(folder);
  await files.syncDirectory(`${dataDir}/blocks`);
  return `put aside as ${target}`;
}
