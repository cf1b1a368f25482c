import { KernelMemoryError } from './errors.ts';
import * as layout from './layout.ts';
import type { MemoryViews } from './memory-views.ts';
import type { KernelExports } from './module.ts';
import type { SeriesRun, TableRoom } from './series-run.ts';

/** New series of records, in the slab that they are entered in. */
export class SharedSeriesRun implements SeriesRun {
  readonly #exports: KernelExports;
  readonly #views: MemoryViews;
  readonly #root: number;
  readonly #run: number;

  /** `root`: address of the root of the label index. @throws KernelMemoryError */
  constructor(exports: KernelExports, views: MemoryViews, root: number, maxBytes: number) {
    this.#exports = exports;
    this.#views = views;
    this.#root = root;
    this.#run = exports.openSeriesRun() >>> 0;
    if (this.#run === 0) throw new KernelMemoryError('a run of series', maxBytes);
  }

  read(bytes: Uint8Array): number {
    const input = this.#exports.reserveRunInput(this.#run, bytes.length) >>> 0;
    if (input === 0) return 0;
    this.#views.bytesAt(input, bytes.length).set(bytes);
    return this.#exports.readSeriesRun(this.#run, this.#root, bytes.length) >>> 0;
  }

  get count(): number {
    return this.#field(layout.N_COUNT);
  }

  get leastRef(): number {
    return this.#field(layout.N_LEAST_REF);
  }

  get greatestRef(): number {
    return this.#field(layout.N_GREATEST_REF);
  }

  enter(from: number, room: TableRoom): number {
    this.#views.setWord(this.#run + layout.N_SYMBOL_ROOM, room.symbols);
    this.#views.setWord(this.#run + layout.N_PAIR_ROOM, room.pairs);
    this.#views.setWord(this.#run + layout.N_SET_ROOM, room.sets);
    return this.#exports.enterSeriesRun(this.#run, this.#root, from) >>> 0;
  }

  room(): TableRoom {
    return {
      symbols: this.#field(layout.N_SYMBOL_ROOM),
      pairs: this.#field(layout.N_PAIR_ROOM),
      sets: this.#field(layout.N_SET_ROOM),
    };
  }

  refs(from: number, to: number): Uint32Array {
    const refs = new Uint32Array(to - from);
    const step = layout.RUN_SERIES_BYTES / 4;
    const { words } = this.#views;
    let at = this.#series(from) / 4;
    for (let index = 0; index < refs.length; index++, at += step) refs[index] = words[at] ?? 0;
    return refs;
  }

  texts(number: number): string[] {
    const series = this.#series(number);
    const first = this.#field(layout.N_WORDS) + 4 * this.#word(series + layout.Q_FIRST);
    const length = this.#word(series + layout.Q_LENGTH);
    return Array.from({ length }, (_, place) => this.#text(this.#word(first + 4 * place)));
  }

  release(): void {
    this.#exports.closeSeriesRun(this.#run);
  }

  #text(number: number): string {
    const entry = this.#field(layout.N_TEXTS) + number * layout.TEXT_BYTES;
    const start = this.#word(entry + layout.X_START);
    const length = this.#word(entry + layout.X_LENGTH);
    return Buffer.from(this.#views.buffer, start, length).toString('utf8');
  }

  #series(number: number): number {
    return this.#field(layout.N_SERIES) + number * layout.RUN_SERIES_BYTES;
  }

  #field(offset: number): number {
    return this.#word(this.#run + offset);
  }

  #word(address: number): number {
    return this.#views.word(address);
  }
}
