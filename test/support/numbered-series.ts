import type { Matcher } from '../../src/model/index.ts';
import { createMatcher, Labels } from '../../src/model/index.ts';

/** Refs up to this one are never removed. */
export const LASTING = 3000;

/** The labels that the series of a ref has in tests in which several threads must agree. */
export function labelsOfRef(ref: number): Labels {
  return Labels.fromObject({
    all: 'yes',
    seventh: `${ref % 7}`,
    hundredth: `${ref % 100}`,
    batch: `batch ${ref >>> 8} of series`,
    own: `ünique value of series ${ref}`,
    sometimes: ref % 3 === 0 ? `${ref % 11}` : '',
  });
}

/** Selections that go by every way there is to narrow and to take away. */
export const SELECTIONS: readonly (readonly Matcher[])[] = [
  [],
  [createMatcher('=', 'all', 'yes')],
  [createMatcher('=', 'seventh', '3'), createMatcher('!=', 'hundredth', '15')],
  [createMatcher('=', 'all', 'yes'), createMatcher('!~', 'seventh', '1|2|5')],
  [createMatcher('!=', 'seventh', '4')],
  [createMatcher('=~', 'hundredth', '[1-3].*')],
  [createMatcher('=~', 'own', 'ünique value of series 1?2[0-9]*')],
  [createMatcher('=', 'sometimes', ''), createMatcher('=~', 'seventh', '0|6')],
  [createMatcher('!=', 'sometimes', ''), createMatcher('=', 'hundredth', '50')],
  [createMatcher('=~', 'batch', 'batch 1.*'), createMatcher('!~', 'own', '.*[05]')],
];
