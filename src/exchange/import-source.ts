import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockMeta } from '../formats/tsdb/index.ts';
import { isUlid, parseBlockMeta } from '../formats/tsdb/index.ts';
import { messageOf } from '../model/index.ts';
import { ExchangeError } from './errors.ts';

/** What was found in the folder to be imported. */
export interface ImportSource {
  /** In the order of their times. */
  readonly blocks: readonly FoundBlock[];
  readonly wals: readonly FoundWal[];
}

export interface FoundBlock {
  readonly folder: string;
  readonly meta: BlockMeta;
}

/** A write-ahead log: segments in order, those of the newest checkpoint first. */
export interface FoundWal {
  readonly folder: string;
  readonly segments: readonly FoundSegment[];
}

export interface FoundSegment {
  readonly path: string;
  readonly sizeBytes: number;
}

const SEGMENT_NAME = /^\d+$/;
const CHECKPOINT_NAME = /^checkpoint\.\d+$/;
/** The log of samples in order, then that of those that came out of order. */
const WAL_FOLDERS = ['wal', 'wbl'];

/**
 * Looks for what Prometheus wrote: `directory` is a block, a log, or a folder of blocks and logs
 * (a data folder or a snapshot).
 * @throws ExchangeError when there is none of it, TsdbError for a meta.json that is not right.
 */
export async function findImportSource(directory: string): Promise<ImportSource> {
  const names = await listFolder(directory);
  if (names.includes('meta.json')) {
    return { blocks: [await readBlock(directory)], wals: [] };
  }
  if (names.some(isWalName)) return { blocks: [], wals: [await readWal(directory, names)] };
  const blocks: FoundBlock[] = [];
  // Other folders are not whole yet or not any more, such as `ULID.tmp-for-deletion`.
  for (const name of names.filter(isUlid)) {
    const folder = join(directory, name);
    if ((await listFolder(folder)).includes('meta.json')) blocks.push(await readBlock(folder));
  }
  blocks.sort((a, b) => a.meta.minTime - b.meta.minTime);
  const wals: FoundWal[] = [];
  for (const name of WAL_FOLDERS.filter((wal) => names.includes(wal))) {
    const folder = join(directory, name);
    const wal = await readWal(folder, await listFolder(folder));
    if (wal.segments.length > 0) wals.push(wal);
  }
  if (blocks.length + wals.length > 0) return { blocks, wals };
  const wanted = 'wanted a block, or a folder with blocks or a wal folder in it';
  throw new ExchangeError('import_source', `nothing of Prometheus's in ${directory}, ${wanted}`);
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const problem = `cannot read the folder ${folder}: ${messageOf(error)}`;
    throw new ExchangeError('import_source', problem, { cause: error });
  }
}

async function readBlock(folder: string): Promise<FoundBlock> {
  const path = join(folder, 'meta.json');
  return { folder, meta: parseBlockMeta(await readFile(path, 'utf8'), path) };
}

function isWalName(name: string): boolean {
  return CHECKPOINT_NAME.test(name) || (SEGMENT_NAME.test(name) && name.length >= 6);
}

async function readWal(folder: string, names: readonly string[]): Promise<FoundWal> {
  const checkpoint = names
    .filter((name) => CHECKPOINT_NAME.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .at(-1);
  const covered = checkpoint === undefined ? -1 : numberOf(checkpoint);
  const paths: string[] = [];
  if (checkpoint !== undefined) {
    const inside = join(folder, checkpoint);
    paths.push(...segmentNames(await listFolder(inside)).map((name) => join(inside, name)));
  }
  const rest = segmentNames(names).filter((name) => Number(name) > covered);
  paths.push(...rest.map((name) => join(folder, name)));
  const segments: FoundSegment[] = [];
  for (const path of paths) segments.push({ path, sizeBytes: (await stat(path)).size });
  return { folder, segments };
}

function numberOf(checkpoint: string): number {
  return Number(checkpoint.slice('checkpoint.'.length));
}

function segmentNames(names: readonly string[]): string[] {
  const segments = names.filter((name) => SEGMENT_NAME.test(name));
  return segments.sort((a, b) => Number(a) - Number(b));
}
