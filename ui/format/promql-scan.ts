/** What a quick reading of an expression finds; no parser, and wrong expressions are fine. */
export interface ExpressionScan {
  /** Metric names in order of appearance. */
  metrics: string[];
  /** Functions and aggregations in order of appearance. */
  functions: string[];
  /** True with a `*`, `/`, `%`, `^` or comparison with `bool` outside brackets of ranges. */
  hasProduct: boolean;
  /** True with a binary `-`. */
  hasDifference: boolean;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'and',
  'atan2',
  'bool',
  'inf',
  'nan',
  'offset',
  'or',
  'unless',
  'start',
  'end',
]);
const LABEL_LISTS: ReadonlySet<string> = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
]);

/** Strings, comments, matchers, ranges, then names, numbers and operators. */
const TOKEN =
  /#[^\n]*|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|`[^`]*`?|\{|\}|\[[^\]]*\]?|[A-Za-z_:][\w:]*|\d[\w.]*|[-*/%^()]/g;

/** Finds metric names, functions and operators in an expression. */
export function metricsIn(expression: string): ExpressionScan {
  const scan: ExpressionScan = {
    metrics: [],
    functions: [],
    hasProduct: false,
    hasDifference: false,
  };
  const tokens = [...expression.matchAll(TOKEN)].map((match) => match[0]);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    if (token === '{') i = readMatchers(tokens, i, scan);
    else if (/^[A-Za-z_:]/.test(token)) i = readWord(tokens, i, scan);
    else if (/^[*/%^]$/.test(token)) scan.hasProduct = true;
    else if (token === '-' && i > 0 && tokens[i - 1] !== '(') scan.hasDifference = true;
  }
  return scan;
}

function readWord(tokens: string[], at: number, scan: ExpressionScan): number {
  const word = tokens[at] ?? '';
  const lower = word.toLowerCase();
  if (LABEL_LISTS.has(lower)) {
    if (tokens[at + 1] !== '(') return at;
    const close = tokens.indexOf(')', at);
    return close < 0 ? tokens.length : close;
  }
  if (lower === 'bool') scan.hasProduct = true;
  if (KEYWORDS.has(lower)) return at;
  const next = (tokens[at + 1] ?? '').toLowerCase();
  if (next === '(' || next === 'by' || next === 'without') scan.functions.push(lower);
  else scan.metrics.push(word);
  return at;
}

/** Skips `{...}`; a quoted name standing alone, as in `{"a.name"}`, is a metric. */
function readMatchers(tokens: string[], at: number, scan: ExpressionScan): number {
  const close = tokens.indexOf('}', at);
  const first = tokens[at + 1] ?? '';
  const quoted = /^(["'])(.*)\1$/.exec(first)?.[2];
  if (quoted !== undefined) scan.metrics.push(quoted);
  return close < 0 ? tokens.length : close;
}
