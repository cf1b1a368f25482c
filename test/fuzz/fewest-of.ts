/**
 * As few of `all` as still fail: leaves out halves, then quarters, and so on down to one at a time,
 * and keeps out what is not needed. `fails` is asked `triesMax` times at most.
 */
export async function fewestOf<T>(
  all: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
  triesMax: number,
): Promise<readonly T[]> {
  let fewest = all;
  let tries = 0;
  for (let size = all.length; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < fewest.length && tries < triesMax; ) {
      const fewer = [...fewest.slice(0, from), ...fewest.slice(from + size)];
      tries++;
      if (await fails(fewer)) fewest = fewer;
      else from += size;
    }
  }
  return fewest;
}
