import type { SharedMemory } from './web-assembly.ts';

/** Views over the whole of a memory, taken anew when it has grown. */
export class MemoryViews {
  readonly memory: SharedMemory;
  #buffer: SharedArrayBuffer;
  #bytes: Uint8Array;
  #words: Uint32Array;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.#buffer = memory.buffer;
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Uint32Array(this.#buffer);
  }

  get buffer(): SharedArrayBuffer {
    this.#refresh();
    return this.#buffer;
  }

  get bytes(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  /** The memory as words: index is an address over 4. */
  get words(): Uint32Array {
    this.#refresh();
    return this.#words;
  }

  word(address: number): number {
    return this.words[address >>> 2] ?? 0;
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** `length` words from `address` on; a view. */
  wordsAt(address: number, length: number): Uint32Array {
    return new Uint32Array(this.buffer, address, length);
  }

  doublesAt(address: number, length: number): Float64Array {
    return new Float64Array(this.buffer, address, length);
  }

  bytesAt(address: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, address, length);
  }

  // Views of a shared memory that has grown still work, but keep the old length.
  #refresh(): void {
    const { buffer } = this.memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }
}
