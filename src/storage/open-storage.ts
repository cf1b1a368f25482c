import { LOW_WORD } from '../model/index.ts';
import type { FolderLock } from '../util/index.ts';
import { BlockSet } from './block/block-set.ts';
import { lockData } from './data-lock.ts';
import { EmbeddedStorage } from './embedded-storage.ts';
import type { StorageEnvironment } from './environment.ts';
import { defaultEnvironment } from './environment.ts';
import { StorageError, storageErrorOf } from './errors.ts';
import { FolderWatch } from './folder-watch.ts';
import { Head } from './head/head.ts';
import { SHARD_BYTES_LEAST, SHARD_BYTES_MOST } from './head/commit-room.ts';
import type { StorageOptions, StorageOptionsInput } from './options.ts';
import { storageOptionsSchema } from './options.ts';
import { Checkpointer } from './wal/checkpointer.ts';
import { LogWriter } from './wal/log-writer.ts';
import type { Recovery } from './wal/recover.ts';
import { recover } from './wal/recover.ts';
import { Segment, type SegmentPlace } from './wal/segment.ts';

/**
 * Opens the store of a data folder, made if need be, with everything that was acknowledged.
 * A torn last write is cut off; damage is reported to the log, counted, and put aside.
 * @throws StorageLockedError while another has it open, StorageError when it cannot be read.
 */
export async function openStorage(
  input: StorageOptionsInput = {},
  environment: Partial<StorageEnvironment> = {},
): Promise<EmbeddedStorage> {
  const options = storageOptionsSchema.parse(input);
  const complete = { ...defaultEnvironment, ...environment };
  if (LOW_WORD !== 0) throw new StorageError('the store needs a little-endian machine');
  const walDir = `${options.data_dir}/wal`;
  let lock: FolderLock | undefined;
  try {
    await complete.files.makeDirectory(walDir);
    lock = await lockData(complete.files, options.data_dir);
    return await openLocked(options, complete, walDir, lock);
  } catch (error) {
    await lock?.release().catch(() => {});
    throw storageErrorOf(`cannot open the store in ${options.data_dir}`, error);
  }
}

async function openLocked(
  options: StorageOptions,
  environment: StorageEnvironment,
  walDir: string,
  lock: FolderLock,
): Promise<EmbeddedStorage> {
  const { files, clock } = environment;
  const startMs = clock.monotonic();
  const head = new Head({
    maxExemplars: options.max_exemplars,
    shardCount: options.head_shards,
    shardBytes: shardBytes(options),
  });
  const recovery = await recover(environment, walDir, head);
  const { resume } = recovery;
  const writes = options.fsync === 'group' ? 'durable' : undefined;
  const place: SegmentPlace = { files, walDir, writes };
  const segment =
    resume === undefined
      ? await Segment.create(place, recovery.nextSequence)
      : await Segment.resume(place, resume.sequence, resume.sizeBytes);
  const watch = new FolderWatch(environment, { dataDir: options.data_dir, walDir, lock });
  const log = new LogWriter(
    environment,
    {
      place,
      check: () => watch.check(),
      groupCommitMaxMs: options.group_commit_max_ms,
      segmentBytes: options.wal_segment_bytes,
    },
    segment,
    recovery.logBytes,
  );
  const { data_dir: dataDir, checkpoint_bytes: checkpointBytes } = options;
  // After damage it is not known which cuts the log has lost: better twice than not at all.
  const lastCut = recovery.corruptionCount > 0 ? Infinity : head.cutCount;
  const blocks = await BlockSet.open(environment, `${dataDir}/blocks`, lastCut);
  blocks.replay(recovery.deletes);
  const saveRest = (): Promise<void> => blocks.saveTombstones();
  const paths = { dataDir, walDir, checkpointBytes, saveRest };
  const checkpointer = new Checkpointer(environment, paths, head, log, recovery);
  reportOpened(environment, recovery, head, clock.monotonic() - startMs);
  if (recovery.damagedNames.size > 0) await keepWhatCouldBeRead(environment, checkpointer);
  const parts = { options, environment, head, log, checkpointer, blocks, lock, watch, recovery };
  return new EmbeddedStorage(parts);
}

function shardBytes({ head_memory_bytes, head_shards }: StorageOptions): number {
  const share = Math.floor(head_memory_bytes / head_shards);
  return Math.min(SHARD_BYTES_MOST, Math.max(SHARD_BYTES_LEAST, share));
}

/** A checkpoint now: after it, the damaged files are not read any more. */
async function keepWhatCouldBeRead(
  environment: StorageEnvironment,
  checkpointer: Checkpointer,
): Promise<void> {
  try {
    await checkpointer.run();
  } catch (error) {
    // A full disk, perhaps. The damage stays where it is and is found again at the next start.
    const { message } = storageErrorOf('cannot put damaged files aside', error);
    environment.log.error({ reason: message }, 'damaged files stay in the log');
  }
}

function reportOpened(
  { log }: StorageEnvironment,
  recovery: Recovery,
  head: Head,
  durationMs: number,
): void {
  const { recordCount, logBytes, checkpointBytes, tornBytes, corruptionCount } = recovery;
  log.info(
    {
      durationMs: Math.round(durationMs),
      series: head.series.filledCount,
      samples: head.sampleCount,
      recordCount,
      logBytes,
      checkpointBytes,
      tornBytes,
      corruptionCount,
    },
    'the store is open',
  );
}
