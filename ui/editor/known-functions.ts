import type { Completion } from '@codemirror/autocomplete';

/** The name of a function alone; a snippet's label has more than that. */
export const CALLED_NAME = /^[a-z]\w*$/;

/**
 * The options with the functions of this collector: the library's own list is that of one release
 * of Prometheus. Other options stay; where functions are not offered, none are added.
 *
 * @param functions null where the collector does not tell
 */
export function knownToServer(
  options: readonly Completion[],
  functions: ReadonlySet<string> | null,
): Completion[] {
  const isFunction = ({ label, type }: Completion) =>
    type === 'function' && CALLED_NAME.test(label);
  const offered = new Set(options.filter(isFunction).map(({ label }) => label));
  if (functions === null || offered.size === 0) return [...options];
  const kept = options.filter((option) => !isFunction(option) || functions.has(option.label));
  const missing = [...functions].filter((name) => !offered.has(name));
  return [...kept, ...missing.map((label) => ({ label, type: 'function', detail: 'function' }))];
}
