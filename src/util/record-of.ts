/** A record with a value for each of the keys. */
export function recordOf<Key extends string, Value>(
  keys: readonly Key[],
  valueOf: (key: Key, index: number) => Value,
): Record<Key, Value> {
  const entries = keys.map((key, index) => [key, valueOf(key, index)]);
  // What was made of all keys has them all, which the library's type does not say.
  return Object.fromEntries(entries) as Record<Key, Value>;
}
