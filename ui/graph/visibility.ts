/** Hidden series after one was clicked: it alone is shown, or all again when it already was. */
export function isolate(hidden: ReadonlySet<number>, index: number, count: number): Set<number> {
  if (!hidden.has(index) && hidden.size === count - 1) return new Set();
  const all = new Set(Array.from({ length: count }, (_, i) => i));
  all.delete(index);
  return all;
}

/** Hidden series after one was switched; hiding the last one shows all. */
export function toggle(hidden: ReadonlySet<number>, index: number, count: number): Set<number> {
  const next = new Set(hidden);
  if (!next.delete(index)) next.add(index);
  return next.size >= count ? new Set() : next;
}
