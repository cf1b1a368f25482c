import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdentityCache, type IdentityCacheOptions, UNKNOWN_ENTRY } from './identity-cache.ts';

const encoder = new TextEncoder();

/** Looks names up as one pass over a body that lists them, adding those that are not there. */
function pass(
  cache: IdentityCache,
  names: readonly string[],
  refOf: (name: string) => number,
): number[] {
  const body = encoder.encode(names.join('\n'));
  cache.begin(body);
  let start = 0;
  return names.map((name) => {
    const end = start + encoder.encode(name).length;
    const found = cache.lookup(start, end);
    const entry = found === UNKNOWN_ENTRY ? cache.insert(start, end, refOf(name)) : found;
    cache.touch(entry);
    start = end + 1;
    return cache.refs[entry] ?? -1;
  });
}

function namesFrom(from: number, to: number): string[] {
  return Array.from(
    { length: to - from },
    (_, index) => `metric_${from + index}{label="é${index}"}`,
  );
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

describe('IdentityCache', () => {
  it('gives back the refs it was given, in any order', () => {
    const cache = new IdentityCache();
    const names = namesFrom(0, 500);
    const refs = new Map(names.map((name, index) => [name, index + 1]));
    const refOf = (name: string): number => refs.get(name) ?? 0;
    expect(pass(cache, names, refOf)).toEqual(names.map(refOf));
    const never = (): number => expect.unreachable();
    expect(pass(cache, names, never)).toEqual(names.map(refOf));
    expect(pass(cache, names.toReversed(), never)).toEqual(names.toReversed().map(refOf));
    expect(cache.size).toBe(500);
  });

  it('says in which pass an entry was last seen', () => {
    const cache = new IdentityCache();
    cache.begin(encoder.encode('ab'));
    const entry = cache.insert(0, 1, 7);
    expect([cache.touch(entry), cache.touch(entry)]).toEqual([0, 1]);
    cache.begin(encoder.encode('a'));
    expect([cache.pass, cache.lastPass(entry)]).toEqual([2, 1]);
    expect([cache.touch(entry), cache.touch(entry)]).toEqual([1, 2]);
    expect(text(cache.identity(entry))).toBe('a');
  });

  it('tells apart names that share a prefix, and takes the empty one', () => {
    const cache = new IdentityCache();
    const names = ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdf', 'bbcde'];
    const refs = pass(cache, names, (name) => names.indexOf(name) + 1);
    expect(refs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pass(cache, names, () => 99)).toEqual(refs);
  });

  it('keeps what it is told to, under new numbers', () => {
    const cache = new IdentityCache();
    const names = namesFrom(0, 50);
    pass(cache, names, (name) => names.indexOf(name) + 1);
    const renumbered = cache.retain((entry) => entry % 3 === 0);
    expect(cache.size).toBe(16);
    expect([renumbered[3], renumbered[4], renumbered[48]]).toEqual([1, 0, 16]);
    expect(text(cache.identity(2))).toBe(names[5]);
    expect(pass(cache, names, () => 1000).filter((ref) => ref < 1000)).toEqual(
      Array.from({ length: 16 }, (_, index) => 3 * (index + 1)),
    );
  });

  it('stays within its bound, and keeps what is used', () => {
    const maxBytes = 64 * 1024;
    const cache = new IdentityCache({ maxBytes });
    const stable = namesFrom(0, 100);
    let misses = 0;
    const refOf = (): number => ++misses;
    for (let round = 0; round < 200; round++) {
      pass(cache, [...stable, ...namesFrom(1000 * round + 1000, 1000 * round + 1100)], refOf);
      expect(cache.memoryBytes).toBeLessThanOrEqual(maxBytes);
    }
    expect(misses).toBeLessThan(200 * 100 + 100 * 60);
  });

  it('agrees with a map under any passes, removals and clears', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '{', '"'), maxLength: 9 });
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(name, { maxLength: 60 }) },
      { weight: 1, arbitrary: fc.constantFrom('odd' as const, 'clear' as const) },
    );
    const check = (
      steps: readonly (readonly string[] | 'odd' | 'clear')[],
      options: IdentityCacheOptions,
    ): void => {
      const cache = new IdentityCache(options);
      const model = new Map<string, number>();
      let nextRef = 1;
      for (const action of steps) {
        if (action === 'clear') {
          cache.clear();
          model.clear();
        } else if (action === 'odd') {
          const gone = new Set<string>();
          for (const [known, ref] of model) if (ref % 2 === 0) gone.add(known);
          cache.retain((entry) => (cache.refs[entry] ?? 0) % 2 !== 0);
          for (const known of gone) model.delete(known);
        } else {
          const refOf = (known: string): number => {
            expect(model.has(known)).toBe(false);
            model.set(known, nextRef);
            return nextRef++;
          };
          const refs = pass(cache, action, refOf);
          expect(refs).toEqual(action.map((known) => model.get(known)));
        }
        expect(cache.size).toBe(model.size);
      }
    };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.integer(), (steps, seed) => {
        check(steps, { hashKey: { seed, first: 0x2545f491, second: 0x41c64e6d } });
      }),
      { numRuns: 500 },
    );
  });
});
