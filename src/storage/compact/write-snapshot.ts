import { randomBytes } from 'node:crypto';
import { UNFINISHED_SUFFIX } from '../block/block-names.ts';
import type { BlockRef, BlockSet } from '../block/block-set.ts';
import type { StorageEnvironment } from '../environment.ts';
import { storageErrorOf } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import type { Head } from '../head/head.ts';
import { writeCheckpoint } from '../wal/checkpoint-writer.ts';
import { HeadSnapshot } from '../wal/head-snapshot.ts';
import type { LogWriter } from '../wal/log-writer.ts';

export interface SnapshotSource {
  readonly head: Head;
  readonly log: LogWriter;
  readonly blocks: BlockSet;
}

/** Writes `snapshots/NAME` and returns the name. Blocks must not change meanwhile. */
export async function writeSnapshot(
  { files, clock }: StorageEnvironment,
  dataDir: string,
  { head, log, blocks }: SnapshotSource,
): Promise<string> {
  const name = snapshotName(clock.now());
  const folder = `${dataDir}/snapshots`;
  const temporary = `${folder}/${name}${UNFINISHED_SUFFIX}`;
  const lease = blocks.lease();
  try {
    await blocks.saveTombstones();
    await files.makeDirectory(`${temporary}/blocks`);
    await files.makeDirectory(`${temporary}/wal`);
    for (const ref of lease.blocks) await linkBlock(files, ref, `${temporary}/blocks`);
    await files.syncDirectory(`${temporary}/blocks`);
    const { snapshot, sequence } = await log.barrier(() => ({
      snapshot: new HeadSnapshot(head),
      sequence: log.sequence - 1,
    }));
    await writeCheckpoint(files, `${temporary}/wal`, sequence, snapshot);
    await files.syncDirectory(temporary);
    await files.rename(temporary, `${folder}/${name}`);
    await files.syncDirectory(folder);
    return name;
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw storageErrorOf('cannot write a snapshot', error);
  } finally {
    lease.release();
  }
}

async function linkBlock(
  files: FileSystem,
  { path, meta }: BlockRef,
  target: string,
): Promise<void> {
  await files.makeDirectory(`${target}/${meta.name}`);
  for (const name of await files.list(path)) {
    if (name.endsWith(UNFINISHED_SUFFIX)) continue;
    await files.link(`${path}/${name}`, `${target}/${meta.name}/${name}`);
  }
  await files.syncDirectory(`${target}/${meta.name}`);
}

/** When it was made, and something that no other has: `20231114T221320Z-2be650b6d019eb54`. */
function snapshotName(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '');
  return `${time}-${randomBytes(8).toString('hex')}`;
}
