import { randomBytes } from 'node:crypto';
import type { Kernel, KernelBody, KernelReader, MemoryKind } from '../../kernel/index.ts';
import {
  connectKernelReader,
  createKernel,
  KERNEL_KEY_BYTES,
  MEMORY_KINDS,
} from '../../kernel/index.ts';
import { recordOf } from '../../util/index.ts';
import { SeriesIndexWriter } from '../index/series-index-writer.ts';

/** Columns beyond this many samples are not kept from one commit to the next. */
const KEPT_SAMPLES = 64 * 1024;

/** One shared memory with the series of some refs: their samples and their label index. */
export class HeadShard {
  readonly kernel: Kernel;
  readonly index: SeriesIndexWriter;
  /** For the writing thread itself. */
  readonly reader: KernelReader;
  #body: KernelBody;
  #bodySamples = 0;

  /** @throws KernelMemoryError, KernelModuleError */
  constructor(maxBytes: number) {
    this.kernel = createKernel({ maxBytes, key: randomBytes(KERNEL_KEY_BYTES) });
    this.index = new SeriesIndexWriter(this.kernel.slab());
    this.reader = connectKernelReader(this.kernel.openReader());
    this.#body = this.kernel.openBody();
  }

  /** A body with room for columns; the same one again and again, unless it has become large. */
  bodyFor(sampleCount: number): KernelBody {
    if (this.#bodySamples > KEPT_SAMPLES) {
      this.#body.release();
      this.#body = this.kernel.openBody();
      this.#bodySamples = 0;
    }
    this.#bodySamples = Math.max(this.#bodySamples, sampleCount);
    return this.#body;
  }
}

/** Bytes of all shards by what they hold. */
export function memoryByKind(shards: readonly HeadShard[]): Record<MemoryKind, number> {
  const stats = shards.map(({ kernel }) => kernel.stats());
  return recordOf(MEMORY_KINDS, (kind) =>
    stats.reduce((sum, { bytesByKind }) => sum + bytesByKind[kind], 0),
  );
}
