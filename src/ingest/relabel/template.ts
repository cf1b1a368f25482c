/** A part of a replacement text: plain text, or a group by number (0 is the whole match). */
export type TemplatePart = string | number;

const NAME = /^[\p{L}\p{Nd}_]+/u;
const NUMBER = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Takes a replacement text apart as Go's `Regexp.Expand` reads it: `$1`, `$name`, `${1}`,
 * `${name}`, `$$` for a dollar; a name is as long as it can be (`$1x` is the group `1x`); a name
 * that is no group stands for nothing; a `$` that begins none of these is a plain dollar.
 *
 * @param groups number of each named group.
 */
export function parseTemplate(
  template: string,
  groups: Readonly<Record<string, number>>,
): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  let rest = template;
  for (;;) {
    const dollar = rest.indexOf('$');
    if (dollar < 0) break;
    text += rest.slice(0, dollar);
    rest = rest.slice(dollar + 1);
    if (rest.startsWith('$')) {
      text += '$';
      rest = rest.slice(1);
      continue;
    }
    const reference = readReference(rest);
    if (reference === undefined) {
      text += '$';
      continue;
    }
    rest = rest.slice(reference.length);
    const group = NUMBER.test(reference.name) ? Number(reference.name) : groups[reference.name];
    if (group === undefined) continue;
    if (text !== '') parts.push(text);
    text = '';
    parts.push(group);
  }
  text += rest;
  if (text !== '') parts.push(text);
  return parts;
}

/** Whether a replacement text may refer to groups. */
export function hasReference(template: string): boolean {
  return template.includes('$');
}

function readReference(text: string): { name: string; length: number } | undefined {
  const braced = text.startsWith('{');
  const name = NAME.exec(braced ? text.slice(1) : text)?.[0];
  if (name === undefined) return undefined;
  if (!braced) return { name, length: name.length };
  return text.charAt(1 + name.length) === '}' ? { name, length: name.length + 2 } : undefined;
}
