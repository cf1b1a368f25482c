/**
 * Where a value does not have the shape of an example, as a path; undefined where it has. The
 * same fields (those in `optional` may lack on either side), of the same types; an element of a
 * list has the shape of one of the example's elements; a list may be empty.
 */
export function shapeFault(
  got: unknown,
  example: unknown,
  path: string,
  optional: ReadonlySet<string> = new Set(),
): string | undefined {
  if (Array.isArray(example)) return listFault(got, example, path, optional);
  if (!isObject(example) || !isObject(got)) {
    return typeof got === typeof example ? undefined : path;
  }
  if (Array.isArray(got)) return path;
  // Label sets, and other maps by name: their keys are data.
  if (isLabelSet(path)) return Object.values(got).every(isText) ? undefined : path;
  for (const key of new Set([...Object.keys(example), ...Object.keys(got)])) {
    const here = `${path}.${key}`;
    if (!(key in example) || !(key in got)) {
      if (optional.has(key)) continue;
      return here;
    }
    const fault = shapeFault(got[key], example[key], here, optional);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function listFault(
  got: unknown,
  example: readonly unknown[],
  path: string,
  optional: ReadonlySet<string>,
): string | undefined {
  if (!Array.isArray(got)) return path;
  // A tuple, such as [time, value], has its own shape at each place.
  if (isTuple(example)) {
    if (got.length !== example.length) return path;
    return firstFault(got, (one, index) => shapeFault(one, example[index], path, optional));
  }
  return firstFault(got, (one, index) => {
    const here = `${path}[${index}]`;
    const faults = example.map((candidate) => shapeFault(one, candidate, here, optional));
    return faults.length === 0 || faults.includes(undefined) ? undefined : faults[0];
  });
}

function firstFault<T>(
  items: readonly T[],
  faultOf: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const fault = faultOf(item, index);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isTuple(example: readonly unknown[]): boolean {
  return typeof example[0] === 'number';
}

function isLabelSet(path: string): boolean {
  return /\.(?:metric|labels|seriesLabels|discoveredLabels|annotations)$/.test(path);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
