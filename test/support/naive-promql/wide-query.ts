import fc from 'fast-check';
import { messageOf } from '../../../src/model/index.ts';
import { FUNCTION_SIGNATURES, parseExpr, ParseError } from '../../../src/query/index.ts';

/**
 * Queries with every function, aggregation, operator and modifier there is, over the series of
 * `arbitrary-data.ts`: for properties that need nobody who knows the answer. What asks for the
 * steps of its own query (`step()`, `@ start()`) is left out.
 */

type Text = fc.Arbitrary<string>;
type Grammar = Record<'scalar' | 'vector' | 'matrix', string>;

const metric = fc.constantFrom(
  ...['gauge', 'other', 'counter_total', 'h_bucket', 'native', 'mixed', 'custom', 'none'],
  '{__name__=~"gauge|other"}',
);
const matchers = fc.constantFrom('', '', '', '{job="a"}', '{job!="a"}', '{instance=~"a|b"}');
const selector = fc
  .tuple(metric, matchers)
  .map(([name, more]) => (name.startsWith('{') ? name : name + more));
const duration = fc.constantFrom('15s', '30', '1m', '90s', '5m', '(15s + 30)', 'max_of(10s, 45s)');
const movement = fc.constantFrom(
  ...['', '', '', '', '', ' offset 30s', ' offset -1m', ' @ 1700000200', ' offset (2 * 7s)'],
  ' @ 1700000100 offset 1m',
);
const extension = fc.constantFrom('', '', '', ' anchored', ' smoothed');
const grouping = fc.constantFrom(
  ...['', ' by (job)', ' by (instance, job)', ' without (instance)', ' by (__name__)', ' by (le)'],
);
const parameter: Readonly<Record<string, Text>> = {
  topk: fc.constantFrom('1', '2', '0'),
  bottomk: fc.constantFrom('1', '3'),
  limitk: fc.constantFrom('1', '2'),
  limit_ratio: fc.constantFrom('0.5', '-0.3', '1'),
  quantile: fc.constantFrom('0.5', '0', '1', '-1', '0.9'),
  count_values: fc.constantFrom('"value"', '"job"'),
};
const aggregations = [
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'],
  ...Object.keys(parameter),
];
const matching = fc.constantFrom(
  ...['', '', ' on (job, instance)', ' ignoring (le)', ' on (job) group_left ()'],
  ...[' on (job) group_right (instance)', ' ignoring (instance) group_left (le)', ' on ()'],
);
const fill = fc.constantFrom('', '', '', ' fill (0)', ' fill_left (1)', ' fill_right (-2)');
const setMatching = fc.constantFrom('', '', ' on (job)', ' ignoring (instance, le)', ' on ()');
const operator = fc.constantFrom(
  ...['+', '-', '*', '/', '%', '^', 'atan2', '==', '!=', '<', '>=', '> bool', '!= bool'],
  ...['</', '>/'],
);

const OWN_STRINGS = new Set(['label_replace', 'label_join', 'info', 'histogram_quantiles']);

function calls(tie: (key: keyof Grammar) => Text): Text {
  const plain = [...FUNCTION_SIGNATURES.values()]
    .filter(({ name, returnType, argumentTypes }) => {
      return returnType === 'vector' && !OWN_STRINGS.has(name) && !argumentTypes.includes('string');
    })
    .map(({ name, argumentTypes, minArguments }) => {
      const args = argumentTypes.slice(0, Math.max(minArguments, 1));
      return fc
        .tuple(...args.map((type) => tie(type === 'string' ? 'scalar' : type)))
        .map((texts) => `${name}(${texts.join(', ')})`);
    });
  return fc.oneof(...plain);
}

function labelCalls(vector: Text): Text {
  return fc.oneof(
    vector.map((text) => `label_replace(${text}, "to", "x$1", "job", "(a|b).*")`),
    vector.map((text) => `label_replace(${text}, "instance", "$1", "job", "(.*)")`),
    vector.map((text) => `label_replace(${text}, "__name__", "n_$1", "job", "(.+)")`),
    vector.map((text) => `label_join(${text}, "to", "-", "job", "instance")`),
    vector.map((text) => `sort_by_label(${text}, "job")`),
    vector.map((text) => `sort_by_label_desc(${text}, "instance", "job")`),
    vector.map((text) => `histogram_quantiles(${text}, "q", 0.1, 0.9)`),
    vector.map((text) => `info(${text}, {__name__="other"})`),
    vector.map((text) => `info(${text})`),
  );
}

const wellTyped = fc.letrec<Grammar>((tie) => ({
  scalar: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', '2', '-0.5', '0.9', '0', '10', 'NaN', 'Inf', '60', '1e3'),
    fc.constantFrom('time()', 'pi()'),
    tie('vector').map((text) => `scalar(${text})`),
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '*', '/', '<= bool', '^'), tie('scalar'))
      .map(([a, name, b]) => `(${a} ${name} ${b})`),
  ),
  matrix: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 4,
      arbitrary: fc
        .tuple(selector, duration, extension, movement)
        .map(([text, over, how, moved]) => `${text}[${over}]${how}${moved}`),
    },
    fc
      .tuple(tie('vector'), duration, fc.constantFrom('', '15s', '20s', '40s'), movement)
      .map(([text, over, step, moved]) => `(${text})[${over}:${step}]${moved}`),
  ),
  vector: fc.oneof(
    { depthSize: 'small' },
    {
      weight: 3,
      arbitrary: fc
        .tuple(selector, fc.constantFrom('', '', '', ' smoothed'), movement)
        .map((parts) => parts.join('')),
    },
    { weight: 6, arbitrary: calls(tie) },
    labelCalls(tie('vector')),
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(...aggregations)
        .chain((name) =>
          fc
            .tuple(grouping, parameter[name] ?? fc.constant(''), tie('vector'))
            .map(([by, k, text]) => `${name}${by} (${k === '' ? text : `${k}, ${text}`})`),
        ),
    },
    fc
      .tuple(tie('vector'), operator, matching, fill, tie('vector'))
      .map(([a, name, how, missing, b]) => `(${a}) ${name}${how}${missing} (${b})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('and', 'or', 'unless'), setMatching, tie('vector'))
      .map(([a, name, how, b]) => `(${a}) ${name}${how} (${b})`),
    fc.tuple(tie('vector'), operator, tie('scalar')).map(([a, name, b]) => `(${a}) ${name} ${b}`),
    fc.tuple(tie('scalar'), operator, tie('vector')).map(([a, name, b]) => `${a} ${name} (${b})`),
    tie('vector').map((text) => `-(${text})`),
    tie('scalar').map((text) => `vector(${text})`),
  ),
})).vector;

/** What is well-typed by the grammar, and yet no query: labels named twice and the like. */
const REFUSED = /at once|only allowed between|not allowed|anchored|smoothed|selectors only/;

/**
 * What comes first is chosen first, where values do not tell or are alike: an instant query alone
 * sorts, and the order behind an `or` is nobody's promise.
 */
const CHOOSES_BY_ORDER = /(?:limitk|topk|bottomk).*(?:sort| or )/;

export const wideQuery: Text = wellTyped.filter((text) => {
  if (CHOOSES_BY_ORDER.test(text)) return false;
  try {
    parseExpr(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError && REFUSED.test(messageOf(error))) return false;
    throw error;
  }
});
