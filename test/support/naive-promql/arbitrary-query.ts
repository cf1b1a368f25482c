import fc from 'fast-check';
import { messageOf } from '../../../src/model/index.ts';
import { parseExpr } from '../../../src/query/parse/index.ts';
import { type DataForm, MAX_TICKS, TICK_MS } from './arbitrary-data.ts';
import type { NaiveTimes } from './evaluate.ts';

/** Well-typed queries over the series of `arbitrary-data.ts`. */

const TYPE_ERROR =
  /only allowed between|expected type|must use BOOL|binary scalar|at least one non-empty|at once/;

const matcher = fc.constantFrom(
  ...['job="a"', 'job!="a"', 'job=~"a|b"', 'instance="b"', 'instance!~"a.*"', 'job=~".+"'],
  ...['nothing=""', 'instance=~"|c"'],
);

const SECONDS = [15, 30, 60, 90, 300];

interface Atoms {
  readonly floats: fc.Arbitrary<string>;
  readonly selector: fc.Arbitrary<string>;
  readonly range: fc.Arbitrary<string>;
  readonly movement: fc.Arbitrary<string>;
}

function atoms({ isShared, beginMs }: DataForm): Atoms {
  const names = ['gauge', 'gauge', 'other', 'counter_total', 'counter_total', 'h_bucket', 'none'];
  const histograms = ['native', 'native', 'mixed', 'custom', '{__name__=~"gauge|other"}'];
  const metric = fc.constantFrom(...names, ...(isShared ? [] : histograms));
  const floats = fc.constantFrom(...names);
  const selector = fc
    .tuple(metric, fc.array(matcher, { maxLength: 2, size: '-1' }))
    .map(([name, matchers]) => {
      if (matchers.length === 0) return name;
      if (name.startsWith('{')) return name.replace('}', `,${matchers.join(',')}}`);
      return `${name}{${matchers.join(',')}}`;
    });
  const seconds = fc.constantFrom(...SECONDS).map((length) => `${length}s`);
  const expressions = fc.constantFrom('step() + 30s', 'max_of(step(), 1m)', '2 * 15s + 30');
  const range = isShared ? seconds : fc.oneof({ weight: 6, arbitrary: seconds }, expressions);
  // 2.42 refuses an offset of nothing.
  const offset = fc
    .integer({ min: -60, max: 120 })
    .map((by) => ` offset ${isShared && by === 0 ? 1 : by}s`);
  const fixed = fc
    .integer({ min: 0, max: MAX_TICKS })
    .map((tick) => ` @ ${(beginMs + tick * TICK_MS) / 1000 + (isShared ? 0.5 : 0)}`);
  const at = fc.oneof(fixed, fc.constantFrom(' @ start()', ' @ end()'));
  const none = fc.constant('');
  const movement = fc
    .tuple(
      fc.oneof({ weight: 6, arbitrary: none }, offset),
      fc.oneof({ weight: 8, arbitrary: none }, at),
    )
    .map(([by, time]) => time + by);
  return { floats, selector, range, movement };
}

const GROUPING = fc.constantFrom(
  ...['', '', ' by (job)', ' by (instance, job)', ' without (instance)', ' without (job, le)'],
  ...[' by (le)', ' by (nothing)', ' by (job, le)'],
);
const NAME_GROUPING = fc.constantFrom(' by (__name__)', ' by (__name__, job)');

/** How near to zero a counter begins matters to 2.42 otherwise: only for counters far from it. */
const RATES = ['rate', 'rate', 'increase'];
const PLAIN_RANGE_FUNCTIONS = [
  ...['delta', 'irate', 'idelta', 'changes', 'resets', 'deriv'],
  ...['sum_over_time', 'avg_over_time', 'count_over_time', 'present_over_time'],
  ...['last_over_time', 'min_over_time', 'max_over_time', 'stddev_over_time', 'stdvar_over_time'],
  ...['absent_over_time'],
];
const NEWER_RANGE_FUNCTIONS = [
  ...['first_over_time', 'ts_of_last_over_time', 'ts_of_first_over_time', 'mad_over_time'],
  ...['ts_of_max_over_time', 'ts_of_min_over_time'],
];
const OF_VECTOR = [
  ...['abs', 'ceil', 'floor', 'sqrt', 'sgn', 'ln', 'exp', 'deg', 'cos', 'atan'],
  ...['timestamp', 'absent', 'sort', 'sort_desc', 'hour', 'minute', 'day_of_week', 'year'],
];
const OF_HISTOGRAM = [
  ...['histogram_count', 'histogram_sum', 'histogram_avg', 'histogram_stddev'],
  'histogram_stdvar',
];

type Grammar = Record<'scalar' | 'vector' | 'matrix', string>;

function vectorQueries(form: DataForm): fc.Arbitrary<string> {
  const { isShared } = form;
  const { selector, range, movement } = atoms(form);
  const phi = fc.constantFrom(
    '0.5',
    '0.1',
    '0.9',
    '0.37',
    ...(isShared ? [] : ['0', '1', '-1', '2']),
  );
  const rangeFunction = fc.constantFrom(
    ...PLAIN_RANGE_FUNCTIONS,
    ...(isShared ? [] : [...RATES, ...NEWER_RANGE_FUNCTIONS]),
  );
  const grouping = isShared
    ? GROUPING
    : fc.oneof({ weight: 8, arbitrary: GROUPING }, NAME_GROUPING);
  return fc.letrec<Grammar>((tie) => ({
    scalar: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        '1',
        '2',
        '-0.5',
        '10',
        '1e3',
        '0',
        '60',
        ...(isShared ? [] : ['NaN', 'Inf']),
      ),
      fc.constantFrom('time()', 'pi()', ...(isShared ? [] : ['step()', 'max_of(1, range())'])),
      tie('vector').map((text) => `scalar(${text})`),
      fc
        .tuple(tie('scalar'), fc.constantFrom('+', '-', '*', '/', '> bool'), tie('scalar'))
        .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    ),
    matrix: fc.oneof(
      { depthSize: 'small' },
      {
        weight: 4,
        arbitrary: fc
          .tuple(selector, range, movement)
          .map(([text, over, moved]) => `${text}[${over}]${moved}`),
      },
      fc
        .tuple(tie('vector'), range, fc.constantFrom('', '15s', '20s', '40s'), movement)
        // In 2.42 a step on the left edge is part of the window: here none is.
        .map(([text, over, step, moved]) => {
          return `(${text})[${over}${isShared ? '250ms' : ''}:${step}]${moved}`;
        }),
    ),
    vector: fc.oneof(
      { depthSize: 'small' },
      { weight: 3, arbitrary: fc.tuple(selector, movement).map((parts) => parts.join('')) },
      {
        weight: 4,
        arbitrary: fc.tuple(rangeFunction, tie('matrix')).map(([name, text]) => `${name}(${text})`),
      },
      ofRanges(form, tie('matrix'), tie('scalar')),
      { weight: 3, arbitrary: aggregations(form, grouping, phi, tie('vector')) },
      ofVectors(form, phi, tie('vector'), tie('scalar')),
      { weight: 3, arbitrary: operators(form, tie('vector'), tie('scalar')) },
    ),
  })).vector;
}

type Text = fc.Arbitrary<string>;

function ofRanges(form: DataForm, matrix: Text, scalar: Text): Text {
  const { isShared } = form;
  const { range, movement } = atoms(form);
  const counter = fc.constantFrom('counter_total', 'counter_total{job="a"}', 'h_bucket');
  const shared = [
    fc
      .tuple(fc.constantFrom(...RATES), counter, range, movement)
      .map(([name, text, over, moved]) => `${name}(${text}[${over}]${moved})`),
    matrix.map((text) => `quantile_over_time(0.4, ${text})`),
    // 2.42 loses samples of a fixed window after the first step where a function needs the time.
    fc
      .tuple(matrix, scalar)
      .map(([text, by]) =>
        isShared && text.includes('@') ? `deriv(${text})` : `predict_linear(${text}, ${by})`,
      ),
  ];
  if (isShared) return fc.oneof(...shared);
  const smoothing = matrix.map((text) => `double_exponential_smoothing(${text}, 0.3, 0.6)`);
  return fc.oneof(...shared, smoothing);
}

function aggregations({ isShared }: DataForm, grouping: Text, phi: Text, vector: Text): Text {
  const names = ['sum', 'sum', 'avg', 'count', 'min', 'max', 'group'];
  // In 2.42 an infinity or NaN by itself deviates by nothing.
  if (!isShared) names.push('stddev', 'stdvar');
  const shared = [
    fc
      .tuple(fc.constantFrom(...names), grouping, vector)
      .map(([name, by, text]) => `${name}${by} (${text})`),
    fc
      .tuple(fc.constantFrom('topk', 'bottomk'), fc.constantFrom('1', '2', '0'), grouping, vector)
      .map(([name, k, by, text]) => `${name}${by} (${k}, ${text})`),
    fc.tuple(phi, grouping, vector).map(([q, by, text]) => `quantile${by} (${q}, ${text})`),
    fc.tuple(grouping, vector).map(([by, text]) => `count_values${by} ("value", ${text})`),
    fc
      .tuple(phi, fc.constantFrom('le', 'job, le'), vector)
      .map(([q, by, text]) => `histogram_quantile(${q}, sum by (${by}) (${text}))`),
  ];
  if (isShared) return fc.oneof(...shared);
  const limits = fc
    .tuple(fc.constantFrom('1', '3'), fc.constantFrom('gauge', 'native', 'mixed{job="a"}'))
    .map(([k, text]) => `limitk(${k}, ${text})`);
  return fc.oneof(...shared, limits);
}

function ofVectors({ isShared }: DataForm, phi: Text, vector: Text, scalar: Text): Text {
  const shared = [
    fc.tuple(fc.constantFrom(...OF_VECTOR), vector).map(([name, text]) => `${name}(${text})`),
    vector.map((text) => `-(${text})`),
    fc.tuple(vector, scalar).map(([text, by]) => `round(${text}, ${by})`),
    fc.tuple(vector, scalar, scalar).map(([text, a, b]) => `clamp(${text}, ${a}, ${b})`),
    fc.tuple(vector, scalar).map(([text, a]) => `clamp_max(${text}, ${a})`),
    vector.map((text) => `label_replace(${text}, "to", "x$1", "job", "(a|b).*")`),
    vector.map((text) => `label_replace(${text}, "instance", "$1", "job", "(.*)")`),
    vector.map((text) => `label_join(${text}, "to", "-", "job", "instance")`),
    fc.tuple(phi, vector).map(([q, text]) => `histogram_quantile(${q}, ${text})`),
    scalar.map((text) => `vector(${text})`),
  ];
  if (isShared) return fc.oneof(...shared);
  const histogram = fc.oneof(
    fc.constantFrom('native', 'custom', 'mixed', 'rate(native[1m])', 'rate(custom[90s])'),
    vector,
  );
  return fc.oneof(
    ...shared,
    fc.tuple(fc.constantFrom(...OF_HISTOGRAM), histogram).map(([name, text]) => `${name}(${text})`),
    fc.tuple(phi, histogram).map(([q, text]) => `histogram_quantile(${q}, ${text})`),
    fc
      .tuple(scalar, scalar, histogram)
      .map(([low, high, text]) => `histogram_fraction(${low}, ${high}, ${text})`),
  );
}

function operators({ isShared }: DataForm, vector: Text, scalar: Text): Text {
  const operator = fc.constantFrom(
    ...['+', '-', '*', '/', '%', '==', '!=', '<', '>', '>=', '<='],
    ...['== bool', '> bool'],
    // 2.42 keeps the name.
    ...(isShared ? [] : ['atan2']),
  );
  const fills = isShared ? [] : [' fill (0)', ' fill_left (1)', ' fill_right (-2)'];
  const matching = fc
    .tuple(
      fc.constantFrom(
        ...['', '', ' on (job, instance)', ' ignoring (le)', ' on (job)', ' ignoring (instance)'],
        ...[' on (job) group_left ()', ' on (job) group_right ()', ' on () group_left (instance)'],
        ' ignoring (instance) group_left (instance)',
      ),
      fc.constantFrom('', '', '', '', ...fills),
    )
    .map(([how, fill]) => how + fill);
  const setMatching = fc.constantFrom('', '', ' on (job)', ' ignoring (instance)', ' on ()');
  return fc.oneof(
    fc
      .tuple(vector, operator, matching, vector)
      .map(([a, name, how, b]) => `(${a}) ${name}${how} (${b})`),
    fc
      .tuple(vector, fc.constantFrom('and', 'or', 'or', 'unless'), setMatching, vector)
      .map(([a, name, how, b]) => `(${a}) ${name}${how} (${b})`),
    fc.tuple(vector, operator, scalar).map(([a, name, b]) => `(${a}) ${name} ${b}`),
    fc.tuple(scalar, operator, vector).map(([a, name, b]) => `${a} ${name} (${b})`),
  );
}

/** Queries whose answer is a vector or a number. */
export function arbitraryQuery(form: DataForm): fc.Arbitrary<string> {
  return vectorQueries(form).filter(isWellTyped);
}

function isWellTyped(text: string): boolean {
  try {
    parseExpr(text);
    return true;
  } catch (error) {
    if (TYPE_ERROR.test(messageOf(error))) return false;
    throw error;
  }
}

/** The times of a query: one, or two to eight steps. */
export function arbitraryTimes({ isShared, beginMs }: DataForm): fc.Arbitrary<NaiveTimes> {
  return fc
    .record({
      start: fc.integer({ min: 0, max: (MAX_TICKS * TICK_MS) / 5000 }),
      stepMs: fc.constantFrom(0, 1000, 7000, 15_000, 30_000, 60_000, 120_000),
      steps: fc.integer({ min: 2, max: 8 }),
    })
    .map(({ start, stepMs, steps }) => {
      const startMs = beginMs + start * 5000 + (isShared ? 500 : 0);
      return { startMs, endMs: startMs + stepMs * (stepMs === 0 ? 0 : steps - 1), stepMs };
    });
}
