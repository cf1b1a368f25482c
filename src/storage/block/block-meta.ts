import { z } from 'zod';
import { messageOf } from '../../model/index.ts';
import { StorageError } from '../errors.ts';

export const BLOCK_VERSION = 1;

const metaSchema = z.object({
  version: z.int().min(1),
  name: z.string(),
  /** Times of the oldest and the newest sample, both inclusive. */
  minTime: z.number(),
  maxTime: z.number(),
  /** Number of the cut that the youngest of its samples left the head with. */
  cut: z.int().min(0),
  /** How often its samples have been merged: 1 as they left the head. */
  level: z.int().min(1),
  /** Blocks that this one was merged from; they are not read beside it. */
  sources: z.array(z.string()),
  seriesCount: z.int().min(0),
  chunkCount: z.int().min(0),
  /** Floats and histograms. */
  sampleCount: z.int().min(0),
  indexBytes: z.int().min(0),
  chunkBytes: z.int().min(0),
});

/** What is in a block, as its `meta.json` says. */
export type BlockMeta = Readonly<z.output<typeof metaSchema>>;

export function encodeBlockMeta(meta: BlockMeta): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(meta, undefined, 2)}\n`);
}

/** @throws StorageError for anything that is no description of a block of this version. */
export function decodeBlockMeta(path: string, bytes: Uint8Array): BlockMeta {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new StorageError(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = metaSchema.safeParse(value);
  if (!parsed.success) {
    throw new StorageError(`${path} describes no block: ${z.prettifyError(parsed.error)}`);
  }
  if (parsed.data.version !== BLOCK_VERSION) {
    throw new StorageError(
      `${path} is of version ${parsed.data.version}, this program reads ${BLOCK_VERSION}`,
    );
  }
  return parsed.data;
}

/** Size of the block on the disk, without its meta.json. */
export function blockBytes(meta: BlockMeta): number {
  return meta.indexBytes + meta.chunkBytes;
}
