/** Adds each count of `other` to that of `sum` with the same name. */
export function addCounts<Name extends string>(
  sum: Record<Name, number>,
  other: Readonly<Record<Name, number>>,
  names: readonly Name[],
): void {
  for (const name of names) sum[name] += other[name];
}
