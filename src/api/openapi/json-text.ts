const WIDTH = 100;

/**
 * JSON as the formatter of this repository writes it: two spaces, objects over several lines, a
 * list of simple values on one line where it fits.
 */
export function jsonText(value: unknown): string {
  return `${write(value, '', 0)}\n`;
}

/** @param used columns that are taken on the line already, besides the indent */
function write(value: unknown, indent: string, used: number): string {
  if (Array.isArray(value)) return writeList(value, indent, used);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const lines = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => {
      const key = `${JSON.stringify(name)}: `;
      return `${inner}${key}${write(field, inner, key.length + 1)}`;
    });
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
}

function writeList(list: readonly unknown[], indent: string, used: number): string {
  if (list.length === 0) return '[]';
  const isSimple = list.every((item) => typeof item !== 'object' || item === null);
  const line = `[${list.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (isSimple && indent.length + used + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  const lines = list.map((item) => `${inner}${write(item, inner, 1)}`);
  return `[\n${lines.join(',\n')}\n${indent}]`;
}
