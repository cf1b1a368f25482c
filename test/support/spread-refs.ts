import { Labels } from '../../src/model/index.ts';
import type { EmbeddedStorage } from '../../src/storage/index.ts';

/** Refs that stay in one shard. */
const SHARD_REFS = 1024;
const UNUSED = Array.from({ length: SHARD_REFS }, (_, index) =>
  Labels.fromObject({ unused: String(index) }),
);

/**
 * Makes each of the first `times` appenders of a store begin in the next shard: what goes into a
 * store of a few series would all be in its first one.
 */
export function spreadRefs(storage: EmbeddedStorage, times = Infinity): EmbeddedStorage {
  const open = storage.appender.bind(storage);
  let left = times;
  storage.appender = (options) => {
    if (left-- <= 0) return open(options);
    const passing = open();
    for (const labels of UNUSED) passing.series(labels);
    passing.rollback();
    return open(options);
  };
  return storage;
}
