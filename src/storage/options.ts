import { z } from 'zod';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

const count = z.int().min(0);

/** Settings of the embedded store. */
export const storageOptionsSchema = z.strictObject({
  data_dir: z.string().min(1).default('./data').describe('Folder that holds everything stored.'),
  fsync: z
    .enum(['group', 'none'])
    .default('group')
    .describe(
      'When a write counts as done: `group` after the disk has it (survives a power cut), `none` ' +
        'after the operating system has it (survives a crash of the process only).',
    ),
  group_commit_max_ms: z
    .int()
    .min(0)
    .max(1000)
    .default(10)
    .describe(
      'Under load, the longest that writes are gathered for one sync, in milliseconds; a lone ' +
        'write is synced at once.',
    ),
  out_of_order_window_ms: count
    .default(2 * HOUR_MS)
    .describe(
      'How much older than the newest sample of its series a sample may be, in milliseconds.',
    ),
  max_future_ms: count
    .default(600_000)
    .describe(
      "How far ahead of this host's clock a sample's time may be, in milliseconds; one sender " +
        'with a wrong clock must not close the out-of-order window for its series.',
    ),
  retention_ms: count
    .default(15 * DAY_MS)
    .describe('Age at which samples are dropped, in milliseconds; 0 keeps them for ever.'),
  retention_bytes: count
    .default(0)
    .describe(
      'Size of the blocks of old samples above which the oldest go, in bytes; 0 sets no limit.',
    ),
  maintenance_interval_ms: z
    .int()
    .min(100)
    .default(5 * 60_000)
    .describe(
      'Time between two looks for samples that are old enough for a block, blocks to merge and ' +
        'what is past the retention, in milliseconds.',
    ),
  max_series: count
    .default(0)
    .describe('Most series held at once; known ones go on beyond it. 0 sets no limit.'),
  max_series_per_source: count
    .default(0)
    .describe(
      'Most series that one source (a sender, a scrape job) may have; its known ones go on beyond ' +
        'it. 0 sets no limit.',
    ),
  head_shards: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe(
      'Number of shared memories, of at most 4 GiB each, that hold the newest samples; one has room ' +
        'for some three million series.',
    ),
  head_memory_bytes: z
    .int()
    .min(32 * MIB)
    .default(16 * 4096 * MIB)
    .describe(
      'Most memory for the newest samples and their labels, in bytes, divided among the shards; ' +
        'beyond it new samples are refused until there is room. A shard takes at most 4 GiB.',
    ),
  max_exemplars: count.default(100_000).describe('Most exemplars held; the oldest give way.'),
  wal_segment_bytes: z
    .int()
    .min(4096)
    .max(1024 * MIB)
    .default(32 * MIB)
    .describe('Size at which the write-ahead log starts its next file, in bytes.'),
  checkpoint_bytes: z
    .int()
    .min(4096)
    .default(128 * MIB)
    .describe(
      'Size of the log at which a checkpoint replaces it, in bytes; larger where the last ' +
        'checkpoint itself was larger, so that writing checkpoints at most doubles the writing.',
    ),
});

/** Options with every default filled in. */
export type StorageOptions = z.output<typeof storageOptionsSchema>;

/** Options as a caller may give them. */
export type StorageOptionsInput = z.input<typeof storageOptionsSchema>;
