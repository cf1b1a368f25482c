/** Memory for samples of many series, as columns of the same length. */
export interface ValueColumns {
  /** What the samples are of: a number that the owner knows the series by. */
  readonly ids: Uint32Array;
  /** Integer milliseconds since the epoch. */
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  /** The bits of `values`, two words each. */
  readonly words: Uint32Array;
}

const CAPACITY_MIN = 64;
/** Longer columns are left to the garbage collector. */
const CAPACITY_MAX = 128 * 1024;
/** At most 40 MiB in all, at 20 bytes a sample. */
const KEPT_SAMPLES_MAX = 2 * 1024 * 1024;
/** Columns that are longer than wanted serve as well, up to so many times as long. */
const DOUBLINGS_MAX = 3;

export const NO_COLUMNS = newColumns(0);

/**
 * Columns that were given back, by the logarithm of their length, for the next batches: V8 counts
 * memory outside of its heap, and goes through all of the heap when it finds much of it new. With
 * columns made anew for each batch and commit that was most of the work of a collector.
 */
const kept: ValueColumns[][] = [];
let keptSamples = 0;

/** Columns for at least so many samples, with anything in them. They are the caller's. */
export function takeColumns(capacity: number): ValueColumns {
  const size = Math.max(CAPACITY_MIN, 2 ** (32 - Math.clz32(Math.max(1, capacity) - 1)));
  const least = 31 - Math.clz32(size);
  for (let doublings = 0; doublings <= DOUBLINGS_MAX; doublings++) {
    const found = kept[least + doublings]?.pop();
    if (found === undefined) continue;
    keptSamples -= found.ids.length;
    return found;
  }
  return newColumns(size);
}

/** Gives columns to others that came from `takeColumns`: nobody may look at them any more. */
export function giveColumns(columns: ValueColumns): void {
  const { length } = columns.ids;
  if (length < CAPACITY_MIN || length > CAPACITY_MAX) return;
  if (keptSamples + length > KEPT_SAMPLES_MAX) return;
  keptSamples += length;
  (kept[31 - Math.clz32(length)] ??= []).push(columns);
}

/** Columns for exactly so many samples. */
export function newColumns(capacity: number): ValueColumns {
  const values = new Float64Array(capacity);
  return {
    ids: new Uint32Array(capacity),
    timestamps: new Float64Array(capacity),
    values,
    words: new Uint32Array(values.buffer),
  };
}
