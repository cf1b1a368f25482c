import type { BlockMeta } from '../block/block-meta.ts';
import { blockBytes } from '../block/block-meta.ts';
import { blockName } from '../block/block-names.ts';
import type { BlockRef, BlockSet } from '../block/block-set.ts';
import type { StorageEnvironment } from '../environment.ts';
import { storageErrorOf } from '../errors.ts';
import { BLOCK_RANGE_MS } from './block-range.ts';
import { runTask } from './run-task.ts';
import { planMerge } from './plan.ts';

export interface CompactorOptions {
  /** 0 for ever. */
  readonly retentionMs: number;
  /** 0 sets no limit. */
  readonly retentionBytes: number;
}

/** Without a limit on age, blocks grow to this. */
const RANGE_MAX_MS = 27 * BLOCK_RANGE_MS;
/** Blocks grow to this part of the retention, so that dropping one does not drop much at once. */
const RETENTION_SHARE = 10;

/** Merges small blocks into large ones, and drops blocks that are too old or too much. */
export class Compactor {
  readonly #environment: StorageEnvironment;
  readonly #blocks: BlockSet;
  readonly #options: CompactorOptions;
  readonly #stopping = new AbortController();

  constructor(environment: StorageEnvironment, blocks: BlockSet, options: CompactorOptions) {
    this.#environment = environment;
    this.#blocks = blocks;
    this.#options = options;
  }

  /** No merge begins after; one on another thread is given up. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Drops blocks that lie before `minTime`, and the oldest ones beyond the size. */
  async dropOld(minTime: number): Promise<void> {
    const { retentionBytes } = this.#options;
    const gone: string[] = [];
    let sizeBytes = this.#blocks.sizeBytes;
    for (const { meta } of this.#blocks.list().sort((a, b) => a.meta.maxTime - b.meta.maxTime)) {
      const tooMuch = retentionBytes > 0 && sizeBytes > retentionBytes;
      if (meta.maxTime >= minTime && !tooMuch) break;
      gone.push(meta.name);
      sizeBytes -= blockBytes(meta);
    }
    await this.#blocks.remove(gone);
  }

  /** Merges until nothing is left to merge; returns how many merges there were. */
  async run(): Promise<number> {
    let count = 0;
    while (!this.#stopping.signal.aborted) {
      const refs = this.#next();
      if (refs.length === 0) break;
      try {
        await this.#merge(refs);
      } catch (error) {
        throw storageErrorOf('cannot merge blocks', error);
      }
      count++;
    }
    return count;
  }

  /** Writes the blocks anew of which deletes hide samples; returns how many there were. */
  async cleanTombstones(): Promise<number> {
    const refs = this.#blocks.list().filter(({ tombstones }) => tombstones.length > 0);
    for (const ref of refs) {
      if (this.#stopping.signal.aborted) break;
      try {
        await this.#merge([ref]);
      } catch (error) {
        throw storageErrorOf('cannot write a block anew', error);
      }
    }
    return refs.length;
  }

  #next(): BlockRef[] {
    const { retentionMs } = this.#options;
    const refs = this.#blocks.list();
    const metas = refs.map(({ meta }) => meta);
    const most = retentionMs === 0 ? RANGE_MAX_MS : retentionMs / RETENTION_SHARE;
    const names = new Set(planMerge(metas, BLOCK_RANGE_MS, most).map(({ name }) => name));
    return refs.filter(({ meta }) => names.has(meta.name));
  }

  async #merge(refs: readonly BlockRef[]): Promise<void> {
    const { files, clock, log } = this.#environment;
    const startMs = clock.monotonic();
    const metas = refs.map(({ meta }) => meta);
    const origin = {
      name: blockName(clock.now()),
      cut: Math.max(...metas.map(({ cut }) => cut)),
      level: 1 + Math.max(...metas.map(({ level }) => level)),
      sources: allSources(metas),
    };
    const { signal } = this.#stopping;
    const task = { kind: 'merge' as const, blocksDir: this.#blocks.dir, refs, origin };
    const [meta] = await runTask(files, task, signal);
    const names = metas.map(({ name }) => name);
    await this.#blocks.replace(names, meta === undefined ? [] : [meta]);
    const durationMs = Math.round(clock.monotonic() - startMs);
    log.info({ blocks: metas.length, name: meta?.name, durationMs }, 'blocks were merged');
  }
}

/** Also those that the sources were merged from: any of them may come back after a crash. */
function allSources(metas: readonly BlockMeta[]): string[] {
  return [...new Set(metas.flatMap(({ name, sources }) => [name, ...sources]))];
}
