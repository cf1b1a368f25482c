import { KernelMemoryError } from '../../kernel/index.ts';
import { P_LIST, P_REF } from './layout.ts';
import type { SlabBlocks } from './slab-views.ts';
import type { WordListWriter } from './word-list-writer.ts';
import { SEGMENT_WORDS } from './word-list.ts';

/** Enters refs under pairs, and takes them out. */
export class PostingsWriter {
  readonly #blocks: SlabBlocks;
  readonly #lists: WordListWriter;

  constructor(blocks: SlabBlocks, lists: WordListWriter) {
    this.#blocks = blocks;
    this.#lists = lists;
  }

  /**
   * What `publish` needs to enter a ref under a pair: a list with room for it, or one that has it,
   * 0 where the ref stands alone. @throws KernelMemoryError
   */
  prepare(pair: number, ref: number): number {
    const { u32 } = this.#blocks;
    const at = pair << 2;
    const list = u32[at + P_LIST]!;
    const lone = u32[at + P_REF]!;
    if (list === 0) {
      if (lone === 0 || lone === ref) return 0;
      return this.#lists.create(lone < ref ? Uint32Array.of(lone) : Uint32Array.of(ref, lone));
    }
    // Fast path: refs grow, and series become known mostly in that order.
    const length = u32[list << 2]!;
    if (this.#lists.at(list, length - 1) < ref) return this.#lists.withRoom(list);
    const place = this.#lists.lowerBound(list, length, ref, 0);
    return this.#lists.at(list, place) === ref ? list : this.#lists.insert(list, ref);
  }

  publish(pair: number, ref: number, prepared: number): void {
    const { u32 } = this.#blocks;
    const at = pair << 2;
    if (prepared === 0) {
      Atomics.store(u32, at + P_REF, ref);
      return;
    }
    if (this.#lists.at(prepared, u32[prepared << 2]! - 1) < ref) this.#lists.push(prepared, ref);
    const old = u32[at + P_LIST]!;
    if (old === prepared) return;
    Atomics.store(u32, at + P_LIST, prepared);
    this.#lists.retire(old, prepared);
  }

  /** Gives back what was prepared and is not going to be published. */
  discard(pair: number, prepared: number): void {
    this.#lists.release(prepared, this.#blocks.u32[(pair << 2) + P_LIST]!);
  }

  /**
   * Takes refs, ascending, out of the list of a pair; returns how many it has left. Where there is
   * no memory for the shorter list it stays as it is: undefined.
   */
  remove(pair: number, gone: Uint32Array): number | undefined {
    const { u32 } = this.#blocks;
    const at = pair << 2;
    const list = u32[at + P_LIST]!;
    if (list === 0) {
      const lone = u32[at + P_REF]!;
      if (lone !== 0 && !hasRef(gone, lone)) return 1;
      Atomics.store(u32, at + P_REF, 0);
      return 0;
    }
    try {
      return this.#removeFrom(at, list, gone);
    } catch (error) {
      if (error instanceof KernelMemoryError) return undefined;
      throw error;
    }
  }

  #removeFrom(at: number, list: number, gone: Uint32Array): number {
    const length = this.#blocks.u32[list << 2]!;
    const first = this.#lists.lowerBound(list, length, gone[0] ?? 0, 0);
    const from = first & ~(SEGMENT_WORDS - 1);
    const rest = new Uint32Array(length - from);
    this.#lists.copyTo(list, from, length, rest);
    const kept = dropRefs(rest, gone);
    const left = from + kept;
    if (left === length) return length;
    let shorter = 0;
    if (left === 1) {
      const lone = from === 0 ? rest[0]! : this.#lists.at(list, 0);
      Atomics.store(this.#blocks.u32, at + P_REF, lone);
    } else if (left > 1) {
      shorter = this.#lists.replaceFrom(list, from, rest.subarray(0, kept));
    } else {
      Atomics.store(this.#blocks.u32, at + P_REF, 0);
    }
    Atomics.store(this.#blocks.u32, at + P_LIST, shorter);
    this.#lists.retire(list, shorter);
    return left;
  }
}

/** Moves the refs that are not among `gone` to the front; returns how many. Both ascend. */
function dropRefs(refs: Uint32Array, gone: Uint32Array): number {
  let kept = 0;
  let next = lowerBound(gone, refs[0] ?? 0);
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]!;
    while (next < gone.length && gone[next]! < ref) next++;
    if (gone[next] !== ref) refs[kept++] = ref;
  }
  return kept;
}

function hasRef(refs: Uint32Array, ref: number): boolean {
  return refs[lowerBound(refs, ref)] === ref;
}

function lowerBound(refs: Uint32Array, ref: number): number {
  let low = 0;
  let high = refs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (refs[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}
