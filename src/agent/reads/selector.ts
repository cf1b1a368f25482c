import type { SchemaSeries } from '../../formats/tide/index.ts';
import {
  createMatcher,
  excerpt,
  type Labels,
  type Matcher,
  METRIC_NAME,
  type MatchType,
  TidegaugeError,
} from '../../model/index.ts';

/** A selector in a READ or LEASE that is not one. */
export class SelectorError extends TidegaugeError {
  readonly code = 'agent_selector';
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const OPERATOR = /^(?:=~|!~|!=|=)/;
const QUOTED = /^"((?:[^"\\\n]|\\.)*)"|^'((?:[^'\\\n]|\\.)*)'|^`([^`]*)`/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/**
 * Reads a selector: `name`, `{label="value", other=~"re.*"}` or both. '' selects everything.
 * @throws SelectorError, BadRegexError
 */
export function parseSelector(text: string): readonly Matcher[] {
  const matchers: Matcher[] = [];
  let rest = text.trim();
  const name = NAME.exec(rest)?.[0];
  if (name !== undefined) {
    matchers.push(createMatcher('=', METRIC_NAME, name));
    rest = rest.slice(name.length).trimStart();
  }
  if (rest === '') return matchers;
  if (!rest.startsWith('{')) throw fault(text, rest);
  rest = rest.slice(1).trimStart();
  while (!rest.startsWith('}')) {
    const label = take(LABEL_NAME, rest, text);
    rest = rest.slice(label.length).trimStart();
    const operator = take(OPERATOR, rest, text);
    rest = rest.slice(operator.length).trimStart();
    const quoted = QUOTED.exec(rest);
    if (quoted === null) throw fault(text, rest);
    const value = quoted[3] ?? unescape(quoted[1] ?? quoted[2] ?? '');
    matchers.push(createMatcher(operator as MatchType, label, value));
    rest = rest.slice(quoted[0].length).trimStart();
    if (rest.startsWith(',')) rest = rest.slice(1).trimStart();
    else if (!rest.startsWith('}')) throw fault(text, rest);
  }
  if (rest.slice(1).trim() !== '') throw fault(text, rest.slice(1));
  return matchers;
}

/** Whether labels satisfy all the matchers. */
export function selects(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

/** As `selects`, remembered by the ids of series. */
export function seriesSelection(
  matchers: readonly Matcher[],
  get: (id: number) => SchemaSeries | undefined,
): (id: number) => boolean {
  const known = new Map<number, boolean>();
  return (id) => {
    let selected = known.get(id);
    if (selected === undefined) {
      const series = get(id);
      selected = series !== undefined && selects(matchers, series.labels);
      known.set(id, selected);
    }
    return selected;
  };
}

function take(pattern: RegExp, rest: string, text: string): string {
  const found = pattern.exec(rest)?.[0];
  if (found === undefined) throw fault(text, rest);
  return found;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

function fault(text: string, rest: string): SelectorError {
  const where = text.length - rest.length;
  return new SelectorError(
    `selector ${excerpt(text, 200)} at ${where}, ` +
      'want name{label="value", …} with =, !=, =~ or !~',
  );
}
