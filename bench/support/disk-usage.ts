import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerName } from './servers.ts';

/** Bytes of all files below a folder, 0 where there is none. */
export function folderBytes(folder: string): number {
  return filesBelow(folder).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

export interface StoredBytes {
  /** Samples: chunks of blocks, or parts. */
  readonly dataBytes: number;
  /** What finds series: index files of blocks, or the index folder. */
  readonly indexBytes: number;
}

/** What a server's folder holds of samples and of index outside its log. */
export function storedBytes(name: ServerName, dataDir: string): StoredBytes {
  let [dataBytes, indexBytes] = [0, 0];
  for (const { path, sizeBytes } of filesBelow(dataDir)) {
    const kind = name === 'victoria-metrics' ? kindOfPart(path) : kindInBlock(path);
    if (kind === 'data') dataBytes += sizeBytes;
    if (kind === 'index') indexBytes += sizeBytes;
  }
  return { dataBytes, indexBytes };
}

function kindOfPart(path: string): 'data' | 'index' | undefined {
  if (path.startsWith('indexdb/')) return 'index';
  return path.startsWith('data/') ? 'data' : undefined;
}

/** Blocks are folders named by a ULID, in Prometheus at the top, here under `blocks`. */
const BLOCK_FILE = /^(?:blocks\/)?[0-9A-HJKMNP-TV-Z]{26}\/(chunks|index)/;

function kindInBlock(path: string): 'data' | 'index' | undefined {
  const kind = BLOCK_FILE.exec(path)?.[1];
  if (kind === 'index') return 'index';
  return kind === 'chunks' ? 'data' : undefined;
}

function filesBelow(folder: string): { readonly path: string; readonly sizeBytes: number }[] {
  return namesBelow(folder).flatMap((path) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    return stat?.isFile() === true ? [{ path, sizeBytes: stat.size }] : [];
  });
}

/** Servers remove files meanwhile: the folder is read again then. */
function namesBelow(folder: string): string[] {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' });
    } catch {
      // A folder below has just gone, or there is none at all.
    }
  }
  return [];
}
