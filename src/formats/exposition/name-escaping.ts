import { isLegacyLabelName, isLegacyMetricName } from '../../model/index.ts';
import type { EscapingScheme } from './negotiate.ts';

const VALUES_PREFIX = 'U__';

/**
 * A metric name as a reader with this scheme takes it (Prometheus, UTF-8 names proposal): as it is
 * (`allow-utf-8`), with `_` for every character that is not legal (`underscores`), reversible with
 * `_dot_` for dots and `__` for underscores and other characters (`dots`), or reversible with
 * `U__` and the hexadecimal code point between underscores (`values`).
 */
export function escapeMetricName(name: string, scheme: EscapingScheme): string {
  // Dots escape underscores too, so that legal names change as well.
  if (isLegacyMetricName(name) && scheme !== 'dots') return name;
  return escapeName(name, scheme, true);
}

/** The same for a label name, in which a colon is not legal. */
export function escapeLabelName(name: string, scheme: EscapingScheme): string {
  if (isLegacyLabelName(name) && scheme !== 'dots') return name;
  return escapeName(name, scheme, false);
}

function escapeName(name: string, scheme: EscapingScheme, colons: boolean): string {
  if (scheme === 'allow-utf-8' || name === '') return name;
  let escaped = scheme === 'values' ? VALUES_PREFIX : '';
  let isFirst = true;
  for (const character of name) {
    escaped += escapeCharacter(character, scheme, isLegal(character, isFirst, colons));
    isFirst = false;
  }
  return escaped;
}

function escapeCharacter(
  character: string,
  scheme: Exclude<EscapingScheme, 'allow-utf-8'>,
  legal: boolean,
): string {
  if (scheme === 'underscores') return legal ? character : '_';
  if (scheme === 'dots') {
    if (character === '_') return '__';
    if (character === '.') return '_dot_';
    return legal ? character : '__';
  }
  if (character === '_') return '__';
  return legal ? character : `_${(character.codePointAt(0) ?? 0).toString(16)}_`;
}

function isLegal(character: string, isFirst: boolean, colons: boolean): boolean {
  if (/^[a-zA-Z_]$/.test(character) || (colons && character === ':')) return true;
  return !isFirst && /^[0-9]$/.test(character);
}
