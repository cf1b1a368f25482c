import type { Kernel, KernelBody, SampleExtent } from '../../kernel/index.ts';
import { SampleBatch } from '../sample-batch.ts';

/** Samples that are gathered at most. */
export const GATHERED_SAMPLES = 512 * 1024;
/** Beyond so many the columns are made as long as they may get: longer ones leave holes behind. */
const SHORT_SAMPLES = 32 * 1024;
/** Samples that are stored at a time, after which what they left behind is freed. */
const SLICE_SAMPLES = 64 * 1024;

const NONE = new SampleBatch(0);

/** Samples of one shard that wait to be stored series by series. */
export class GatheredSamples {
  readonly #kernel: Kernel;
  /** Made when there are some. */
  #body: KernelBody | undefined;
  #count = 0;
  #firstRef = Infinity;
  #lastRef = -1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Adds samples whose refs are within an extent. @throws KernelMemoryError */
  add(samples: SampleBatch, { leastRef, greatestRef }: SampleExtent): void {
    if (samples.length === 0) return;
    this.#body ??= this.#kernel.openBody();
    this.#count += samples.length;
    if (this.#count > SHORT_SAMPLES) this.#body.reserveColumns(GATHERED_SAMPLES);
    this.#body.addColumns(samples);
    this.#firstRef = Math.min(this.#firstRef, leastRef);
    this.#lastRef = Math.max(this.#lastRef, greatestRef);
  }

  /** Puts what waits in the order of its refs and gives it to `store`, a slice at a time. */
  settle(store: (body: KernelBody, from: number, to: number) => void): void {
    const body = this.#body;
    const count = this.#count;
    if (body === undefined || count === 0) return;
    body.orderByRef(this.#firstRef, this.#lastRef - this.#firstRef + 1);
    for (let from = 0; from < count; from += SLICE_SAMPLES) {
      store(body, from, Math.min(count, from + SLICE_SAMPLES));
    }
    body.setColumns(NONE);
    this.#count = 0;
    this.#firstRef = Infinity;
    this.#lastRef = -1;
  }

  /** Gives back the memory; what has not been settled is not stored. */
  close(): void {
    this.#body?.release();
    this.#body = undefined;
    this.#count = 0;
  }
}
