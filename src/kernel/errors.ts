import { TidegaugeError } from '../model/index.ts';

/** The slab is full: what was asked for did not happen, and everything else is as it was. */
export class KernelMemoryError extends TidegaugeError {
  readonly code = 'kernel_memory_full';
  /** After `KernelBody.append`: index of the first sample that was not looked at. */
  readonly failedAt: number | undefined;

  constructor(what: string, maxBytes: number, failedAt?: number) {
    super(`no memory for ${what}: ${maxBytes} bytes are the limit, and they are in use`);
    this.failedAt = failedAt;
  }
}

/** `dist/kernel.wasm` is missing or of another version than the program. */
export class KernelModuleError extends TidegaugeError {
  readonly code = 'kernel_module_unusable';

  constructor(problem: string, options?: { cause?: unknown }) {
    super(`the kernel cannot be loaded: ${problem}; wanted the one that the build makes`, options);
  }
}
