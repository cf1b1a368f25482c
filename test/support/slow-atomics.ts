/**
 * Makes this thread dawdle for some microseconds at a few of its atomic loads and stores, so that
 * other threads more often come in between. Returns what ends it.
 */
export function slowAtomics(oneIn: number, delayMs: number): () => void {
  const { load, store } = Atomics;
  let state = 1;
  const dawdle = (): void => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if ((state >>> 8) % oneIn !== 0) return;
    const end = performance.now() + delayMs;
    while (performance.now() < end);
  };
  const slow = {
    load: (array: Uint32Array, index: number): number => {
      const value = load(array, index);
      dawdle();
      return value;
    },
    store: (array: Uint32Array, index: number, value: number): number => {
      store(array, index, value);
      dawdle();
      return value;
    },
  };
  Object.assign(Atomics, slow);
  return () => Object.assign(Atomics, { load, store });
}
