/** Pieces of a list of up to `size` items, in order. */
export function* slicesOf<T>(items: readonly T[], size: number): IterableIterator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
