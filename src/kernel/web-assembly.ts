/**
 * The part of WebAssembly that the kernel uses; neither the language's library nor Node's types
 * declare it whole.
 */

/** A `WebAssembly.Memory` made shared. After it grew, `buffer` is another, longer one. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** In pages of 64 KiB. Growing by 0 makes `buffer` as long as other threads have made it. */
  grow(pages: number): number;
}

/** A compiled `WebAssembly.Module`; can be posted to workers. */
export interface CompiledModule {
  readonly [compiled]: true;
}
declare const compiled: unique symbol;

interface Memories {
  Memory: new (descriptor: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
}

interface Modules {
  Module: new (bytes: Uint8Array) => CompiledModule;
  Instance: new (
    module: CompiledModule,
    imports: { readonly env: { readonly memory: SharedMemory } },
  ) => { readonly exports: unknown };
}

declare const WebAssembly: Memories & Modules;

/** The global `WebAssembly`. */
export const webAssembly = WebAssembly;
