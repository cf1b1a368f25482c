import { KernelMemoryError } from '../../src/kernel/index.ts';
import type { MemoryKind, Slab, SlabReader } from '../../src/kernel/index.ts';

const GROW_BYTES = 65_536;
const HEADER_BYTES = 256;
const PAGE_BYTES = 8192;
const SMALL_MAX = 1024;
/** What is in a block before and after its use. */
const FRESH = 0xa5;
const FREED = 0xdb;

interface Block {
  readonly size: number;
  readonly kind: MemoryKind;
  retiredIn: number | undefined;
}

class Views implements SlabReader {
  u8!: Uint8Array;
  u32!: Uint32Array;
  i32!: Int32Array;
  f64!: Float64Array;
  readonly #memory: SharedArrayBuffer;
  readonly #size: () => number;

  constructor(memory: SharedArrayBuffer, size: () => number) {
    this.#memory = memory;
    this.#size = size;
    this.refresh();
  }

  refresh(): void {
    const bytes = this.#size();
    if (bytes === this.u8?.length) return;
    this.u8 = new Uint8Array(this.#memory, 0, bytes);
    this.u32 = new Uint32Array(this.#memory, 0, bytes / 4);
    this.i32 = new Int32Array(this.#memory, 0, bytes / 4);
    this.f64 = new Float64Array(this.#memory, 0, bytes / 8);
  }

  rootAddress(slot: number): number {
    return 4 * slot;
  }
}

/**
 * A slab without a kernel, on one thread: readers see the memory only as far as they have looked,
 * what is freed is made unreadable at once, and any misuse of a block is an error.
 */
export class SeparateSlab extends Views implements Slab {
  /** How many more allocations succeed. */
  allocationsLeft = Infinity;
  readonly #memory: SharedArrayBuffer;
  readonly #blocks = new Map<number, Block>();
  readonly #free = new Map<number, number[]>();
  readonly #reads = new Set<{ epoch: number }>();
  readonly #state: { size: number; top: number };
  #epoch = 1;

  constructor(maxBytes = 2 ** 26) {
    const state = { size: GROW_BYTES, top: HEADER_BYTES };
    const memory = new SharedArrayBuffer(maxBytes);
    super(memory, () => state.size);
    this.#memory = memory;
    this.#state = state;
  }

  /** Bytes of blocks in use; retired ones are. */
  bytesUsed(kind?: MemoryKind): number {
    let sum = 0;
    for (const block of this.#blocks.values()) {
      if (kind === undefined || block.kind === kind) sum += block.size;
    }
    return sum;
  }

  reader(): SlabReader {
    return new Views(this.#memory, () => this.#state.size);
  }

  /** Until the function that this returns is called, nothing that can be found now is freed. */
  beginRead(): () => void {
    const read = { epoch: this.#epoch };
    this.#reads.add(read);
    return () => this.#reads.delete(read);
  }

  allocate(bytes: number, kind: MemoryKind): number {
    if (!(bytes > 0)) throw new Error(`a block of ${bytes} bytes`);
    if (this.allocationsLeft-- <= 0) throw new KernelMemoryError(kind, this.#memory.byteLength);
    const size = Math.ceil(bytes / 16) * 16;
    const address = this.#free.get(size)?.pop() ?? this.#allocateFresh(size);
    this.#blocks.set(address, { size, kind, retiredIn: undefined });
    this.u8.fill(FRESH, address, address + size);
    return address;
  }

  retire(address: number, kind: MemoryKind): void {
    this.#expectLive(address, kind).retiredIn = this.#epoch;
  }

  release(address: number, kind: MemoryKind): void {
    this.#release(address, this.#expectLive(address, kind));
  }

  reclaim(): void {
    this.#epoch++;
    const oldest = Math.min(...[...this.#reads].map(({ epoch }) => epoch));
    for (const [address, block] of this.#blocks) {
      if (block.retiredIn !== undefined && block.retiredIn < oldest) this.#release(address, block);
    }
  }

  #allocateFresh(size: number): number {
    const state = this.#state;
    const left = PAGE_BYTES - (state.top % PAGE_BYTES);
    // As in the kernel's slab: small blocks lie within one page.
    if (size <= SMALL_MAX && size > left) state.top += left;
    const address = state.top;
    state.top += size;
    while (state.size < state.top) state.size += GROW_BYTES;
    if (state.size > this.#memory.byteLength) throw new Error('the test needs a larger slab');
    this.refresh();
    return address;
  }

  #expectLive(address: number, kind: MemoryKind): Block {
    const block = this.#blocks.get(address);
    if (block === undefined) throw new Error(`no block at ${address}`);
    if (block.retiredIn !== undefined) throw new Error(`block at ${address} is retired already`);
    if (block.kind !== kind) throw new Error(`block at ${address}: ${block.kind}, not ${kind}`);
    return block;
  }

  #release(address: number, { size }: Block): void {
    this.#blocks.delete(address);
    this.u8.fill(FREED, address, address + size);
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [address]);
    else free.push(address);
  }
}
