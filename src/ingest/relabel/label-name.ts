import { isLegacyLabelName } from '../../model/index.ts';
import type { NameValidation } from './relabel-config.ts';

/** Whether `name` may name a label. A lone surrogate has no UTF-8 form, so it may not. */
export function isLabelName(name: string, validation: NameValidation): boolean {
  if (validation === 'legacy') return isLegacyLabelName(name);
  return name !== '' && isWellFormed(name);
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Whether a string has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
