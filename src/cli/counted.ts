/** A number with what it counts: 1 sample, 2 samples. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
