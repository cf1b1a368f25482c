const PREFIX = 'U__';
const MAX_CODE_POINT = 0x10ffff;

/**
 * The name that `U__…` writes with letters that fit into a path: `__` is `_`, `_2e_` is `.`. What
 * does not begin so, or is not written that way to its end, is itself the name.
 */
export function unescapeName(name: string): string {
  if (!name.startsWith(PREFIX)) return name;
  let unescaped = '';
  let from = PREFIX.length;
  while (from < name.length) {
    const mark = name.indexOf('_', from);
    if (mark < 0) return unescaped + name.slice(from);
    const end = name.indexOf('_', mark + 1);
    if (end < 0) return name;
    const character = characterOf(name.slice(mark + 1, end));
    if (character === undefined) return name;
    unescaped += name.slice(from, mark) + character;
    from = end + 1;
  }
  return unescaped;
}

function characterOf(hex: string): string | undefined {
  if (hex === '') return '_';
  if (!/^[0-9A-Fa-f]{1,6}$/.test(hex)) return undefined;
  const code = Number.parseInt(hex, 16);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code > MAX_CODE_POINT || isSurrogate ? undefined : String.fromCodePoint(code);
}
