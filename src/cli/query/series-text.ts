import type { AnsweredHistogram } from './ask-server.ts';

const NAME = '__name__';
const PLAIN = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** `up{job="node"}`; `{}` where there are no labels. */
export function seriesText(metric: Readonly<Record<string, string>>): string {
  const { [NAME]: name = '', ...labels } = metric;
  const pairs = Object.entries(labels).map(
    ([label, value]) =>
      `${PLAIN.test(label) ? label : JSON.stringify(label)}=${JSON.stringify(value)}`,
  );
  const braces = pairs.length > 0 || name === '' ? `{${pairs.join(', ')}}` : '';
  return `${name}${braces}`;
}

/** `count 7, sum 4.5: (0.5, 1] 3, …`. */
export function histogramText({ count, sum, buckets = [] }: AnsweredHistogram): string {
  const parts = buckets.map(([rule, lower, upper, size]) => {
    const opening = rule === 1 || rule === 3 ? '[' : '(';
    const closing = rule === 0 || rule === 3 ? ']' : ')';
    return `${opening}${lower}, ${upper}${closing} ${size}`;
  });
  const body = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  return `count ${count}, sum ${sum}${body}`;
}
