import type { BodyColumns, BodyStatus } from './body-contents.ts';
import { KernelMemoryError } from './errors.ts';
import * as layout from './layout.ts';
import type { LogSamples, SampleExtent } from './log-samples.ts';
import type { MemoryViews } from './memory-views.ts';
import type { KernelExports } from './module.ts';
import { SharedBody } from './shared-body.ts';

const DONE: BodyStatus = { ok: true };
/** Room for a record at first; then in powers of two. */
const INPUT_BITS_MIN = 16;

/** The samples of a log, and the body that each record is read in. */
export class SharedLogSamples implements LogSamples {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #body: SharedBody;
  readonly #bodyAddress: number;
  readonly #log: number;

  /** @throws KernelMemoryError */
  constructor(exports: KernelExports, views: MemoryViews, maxBytes: number) {
    this.#exports = exports;
    this.#views = views;
    this.#bodyAddress = exports.openBody() >>> 0;
    this.#log = exports.openLogSamples() >>> 0;
    if (this.#bodyAddress === 0 || this.#log === 0) {
      throw new KernelMemoryError('what samples of a log have said', maxBytes);
    }
    this.#body = new SharedBody(exports, views, this.#bodyAddress, maxBytes);
  }

  restart(): void {
    this.#exports.restartLogSamples(this.#log);
  }

  decode(bytes: Uint8Array): BodyStatus {
    const { length } = bytes;
    const bits = Math.max(INPUT_BITS_MIN, 32 - Math.clz32(length));
    this.#body.input(2 ** bits).set(bytes);
    this.#body.setInputLength(length);
    const status = this.#exports.decodeLogSamples(this.#log, this.#bodyAddress);
    if (status === layout.STATUS_OK) return DONE;
    const code = status === layout.STATUS_MALFORMED ? 'malformed' : 'no_memory';
    return { ok: false, code, offset: 0 };
  }

  columns(): BodyColumns {
    return this.#body.columns();
  }

  extent(): SampleExtent {
    const log = this.#log;
    const [leastTime = Number.NaN, greatestTime = Number.NaN] = this.#views.doublesAt(
      log + layout.G_LEAST_TIME,
      2,
    );
    return {
      leastRef: this.#views.word(log + layout.G_LEAST_REF),
      greatestRef: this.#views.word(log + layout.G_GREATEST_REF),
      leastTime,
      greatestTime,
    };
  }
}
