import type { RE2JS } from 're2js';

type Match = ReturnType<RE2JS['matcher']>;

const REFERENCE = /\$(?:\$|(\w+)|\{(\w+)\})/g;

/**
 * Replaces `$1`, `$name`, `${1}` and `${name}` by what the groups of a match hold (nothing where
 * there is no such group) and `$$` by `$`. Another `$` stays.
 */
export function expandTemplate(template: string, match: Match): string {
  return template.replace(REFERENCE, (whole: string, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    return name === undefined ? whole.slice(1) : groupText(match, name);
  });
}

function groupText(match: Match, name: string): string {
  try {
    if (!/^\d+$/.test(name)) return match.group(name) ?? '';
    const index = Number(name);
    return index <= match.groupCount() ? (match.group(index) ?? '') : '';
  } catch {
    // The expression has no group of that name.
    return '';
  }
}
