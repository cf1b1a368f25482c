import type { Matcher } from '../../model/index.ts';
import type { IndexView } from './index-view.ts';

/** Refs in all lists together that a look-up may go through. */
const MAX_REFS = 65_536;

/**
 * Upper bound of the series that satisfy all matchers, where each of them names the texts it takes
 * and the lists of these are short; undefined where not. A few look-ups, whatever is stored.
 */
export function literalBound(view: IndexView, matchers: readonly Matcher[]): number | undefined {
  let least = Infinity;
  let total = 0;
  for (const matcher of matchers) {
    const texts = matcher.type === '=' ? [matcher.value] : literalsOf(matcher);
    if (texts === undefined || matcher.matches('')) return undefined;
    let count = 0;
    for (const text of texts) {
      const pair = view.pairs.find(matcher.name, text);
      if (pair !== 0) count += view.pairs.postings(pair).count;
    }
    least = Math.min(least, count);
    total += count;
  }
  return total <= MAX_REFS && least < Infinity ? least : undefined;
}

function literalsOf(matcher: Matcher): readonly string[] | undefined {
  return matcher.type === '=~' ? matcher.literals : undefined;
}
