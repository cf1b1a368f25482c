import type { Matcher } from '../../model/index.ts';
import { ParsedTexts, ParseError, parseMetricSelector } from '../../query/index.ts';
import type { ApiError } from '../errors.ts';

const parsedSelectors = new ParsedTexts(parseMetricSelector);

/** The matchers of a selector. @throws what `refusal` makes of the fault of one that is wrong */
export function parseSelector(
  text: string,
  refusal: (problem: string) => ApiError,
): readonly Matcher[] {
  try {
    return parsedSelectors.of(text);
  } catch (error) {
    if (error instanceof ParseError) throw refusal(error.message);
    throw error;
  }
}
