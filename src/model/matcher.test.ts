import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileAnchored, compileRe2 } from './matcher.ts';

const ATOMS = ['a', 'b', '-', '1', '.', '\\.', '[ab]', '[0-9]', '[a-]', '[-1.]', ' ', '/'];
const atoms = fc.array(fc.constantFrom(...ATOMS), { maxLength: 4 }).map((list) => list.join(''));
/** Most are simple; others have more repeats, or groups, and take the slow way. */
const sources = fc
  .tuple(atoms, fc.constantFrom('', '*', '+', '?', '{2}'), atoms, fc.constantFrom('', '.*', '.+'))
  .map((parts) => parts.join(''));
const texts = fc
  .array(fc.constantFrom('a', 'b', '-', '1', '.', ' ', '/', '\n', 'é', '\u{1f30a}'), {
    maxLength: 6,
  })
  .map((list) => list.join(''));

it('tests as RE2 does', () => {
  fc.assert(
    fc.property(sources, texts, (source, text) => {
      let want: boolean;
      try {
        want = compileRe2(`^(?s:${source})$`).matcher(text).find();
      } catch {
        expect(() => compileAnchored(source)).toThrow('cannot parse regular expression');
        return;
      }
      expect(compileAnchored(source).test(text)).toBe(want);
    }),
    { numRuns: 3000 },
  );
});

it.each([
  ['service-1[0-9]-.*', 'service-12-x', true],
  ['service-1[0-9]-.*', 'service-2-x', false],
  ['10\\.0\\.[0-9]+:9100', '10.0.17:9100', true],
  ['10\\.0\\.[0-9]+:9100', '10x0.17:9100', false],
  ['a.b', 'a\nb', true],
  ['a.b', 'a\u{1f30a}b', true],
  ['[a-c]x+', 'bxx', true],
  ['(a|b)c', 'bc', true],
  ['.+.*', '', false],
])('%s and %j', (source, text, want) => {
  expect(compileAnchored(source).test(text)).toBe(want);
});

it('refuses what is wrong in its own words', () => {
  expect(() => compileAnchored('[z-a]')).toThrow('cannot parse regular expression [z-a]');
});

it('refuses what only its own anchoring would make valid', () => {
  expect(() => compileAnchored('a)(b')).toThrow('unexpected ): `a)(b`');
});

it('takes no long time over long texts', () => {
  const { test } = compileAnchored('x[ab]+[a]c.*');
  const start = performance.now();
  for (let times = 0; times < 20; times++) expect(test(`x${'a'.repeat(100_000)}`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(5000);
});
