import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKernel, type Kernel, KERNEL_KEY_BYTES } from '../../src/kernel/index.ts';
import type { KernelBody } from '../../src/kernel/index.ts';

const MIB = 2 ** 20;
const CANARY = 0xa5;
const CANARY_BYTES = 3000;

/** A kernel with a key that is the same in every run. */
export function testKernel(maxBytes = 64 * MIB): Kernel {
  const key = Uint8Array.from({ length: KERNEL_KEY_BYTES }, (_, index) => (index * 167 + 13) >> 2);
  return createKernel({ maxBytes, key });
}

/**
 * Areas with a pattern all over the slab, opened between those of the body that is tried: whatever
 * writes outside its own area sooner or later hits one of them.
 */
export class Canaries {
  readonly #areas: KernelBody[];
  readonly #views: Uint8Array[];

  constructor(kernel: Kernel, count: number) {
    this.#areas = Array.from({ length: count }, () => kernel.openBody());
    this.#views = this.#areas.map((area, index) => area.input(CANARY_BYTES + index * 700));
    for (const view of this.#views) view.fill(CANARY);
  }

  /** Whether all patterns are as they were. */
  get areIntact(): boolean {
    return this.#views.every((view) => view.every((byte) => byte === CANARY));
  }

  release(): void {
    for (const area of this.#areas) area.release();
  }
}

/** A body between canaries, in a kernel of its own. Series are made as their names are met. */
export class GuardedBody {
  readonly kernel = testKernel();
  readonly body: KernelBody;
  readonly canaries: Canaries;
  readonly #refs = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor() {
    const first = new Canaries(this.kernel, 2);
    this.body = this.kernel.openBody();
    this.canaries = new Canaries(this.kernel, 4);
    // What they leave is what the body grows into.
    first.release();
  }

  refOf(name: string): number {
    let ref = this.#refs.get(name);
    if (ref === undefined) {
      ref = this.#refs.size + 1;
      this.#refs.set(name, ref);
      this.#names.set(ref, name);
      this.kernel.createSeries(ref);
    }
    return ref;
  }

  /** The name of a series that was made; undefined of any other ref. */
  nameOf(ref: number): string | undefined {
    return this.#names.get(ref);
  }
}

/** Every file below a folder of conformance data whose name ends in one of `endings`. */
export function bodiesBelow(folder: string, endings: readonly string[]): Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Puts bytes into the input of a body. */
export function fillInput(body: KernelBody, bytes: Uint8Array): void {
  body.input(bytes.length).set(bytes);
  body.setInputLength(bytes.length);
}

/** A copy of `bytes` with some of them changed, cut out or doubled, as `choices` (0…1) say. */
export function mutate(bytes: Uint8Array, choices: readonly number[]): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let index = 0; index + 2 < choices.length; index += 3) {
    const [kind = 0, place = 0, value = 0] = choices.slice(index, index + 3);
    const at = Math.floor(place * result.length);
    const count = 1 + Math.floor(value * 12);
    if (kind < 0.5) result[at] = Math.floor(value * 256);
    else if (kind < 0.65) result[at] = (result[at] ?? 0) ^ (1 << Math.floor(value * 8));
    else if (kind < 0.8) result = splice(result, at, at + count, result.subarray(at, at));
    else if (kind < 0.9) result = splice(result, at, at, result.subarray(at, at + count));
    else result = result.slice(0, at);
  }
  return result;
}

function splice(
  bytes: Uint8Array,
  from: number,
  to: number,
  inserted: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bytes.subarray(0, from), ...inserted, ...bytes.subarray(to)]);
}
