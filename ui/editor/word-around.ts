/** The name that an offset of a line lies in. */
export function wordAround(line: string, offset: number): { from: number; to: number } | null {
  for (const match of line.matchAll(/[A-Za-z_:][\w:]*/g)) {
    const from = match.index;
    const to = from + match[0].length;
    if (from <= offset && offset <= to) return { from, to };
  }
  return null;
}
