import fc from 'fast-check';
import { messageOf } from '../../src/model/index.ts';
import { parseExpr } from '../../src/query/parse/index.ts';

/** Arbitrary PromQL texts that parse, in many spellings. */

const TYPE_ERROR =
  /only allowed between|expected type|must use BOOL|binary scalar|at least one non-empty|at once/;

const metric = fc.constantFrom('foo', 'bar_total', 'a:b', 'sum', 'by', 'offset', 'start', 'fill');
const label = fc.constantFrom('job', 'le', '"x.y"', '__type__', '"☃"');
const groupLabel = fc.oneof(label, fc.constantFrom('sum', 'on', 'bool', 'and'));
const value = fc.constantFrom('""', '"a"', "'it\\'s'", '`\\d`', '"\\xff\\n"', '"é"', '"a|b"');

const matcher = fc
  .tuple(label, fc.constantFrom('=', '!=', '=~', '!~'), value)
  .filter(([, type, text]) => !type.includes('~') || !text.includes('xff'))
  .map(([name, type, text]) => name + type + text);

const braces = (first: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(first, fc.array(matcher, { maxLength: 3 }), fc.constantFrom('', ','))
    .map(([one, more, comma]) => `{${[one, ...more].join(', ')}${comma}}`);

const selector = fc.oneof(
  metric,
  metric.chain((name) => braces(matcher).map((inside) => name + inside)),
  braces(fc.constantFrom('"foo"', '"x.y"', '__name__=~"a.+"', '__name__="foo"', 'job="1"')),
);

const durationLiteral = fc.constantFrom('5m', '300', '1h30m', '1.5', '100ms', '1y2w3d');
const duration: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    durationLiteral,
    fc.constantFrom('step()', 'RANGE()'),
    fc
      .tuple(tie('any'), fc.constantFrom('+', '-', '*', '/', '%', '^'), tie('any'))
      .map(([a, op, b]) => `${a} ${op} ${b}`),
    tie('any').map((inner) => `(${inner})`),
    fc.tuple(fc.constantFrom('-', '+'), tie('any')).map(([sign, inner]) => `${sign}(${inner})`),
    fc
      .tuple(fc.constantFrom('min_of', 'max_of'), tie('any'), tie('any'))
      .map(([name, a, b]) => `${name}(${a}, ${b})`),
  ),
})).any;

/** A duration that no check refuses for being zero or less. */
const range = fc.oneof(
  durationLiteral,
  duration.map((text) => `step() + ${text}`),
);
const offset = fc.oneof(
  fc.tuple(fc.constantFrom('', '-', '+', '--'), durationLiteral).map((parts) => parts.join('')),
  duration.map((text) => `(${text})`),
  duration.map((text) => `-(${text})`),
  fc.constantFrom('step()', '-range()', 'min_of(step(), 5m)', '0'),
);
const at = fc.constantFrom('@ 1234.5', '@ -7', '@ start()', '@ end()', '@ 5m');

/** `offset` and `@` in either order, or none. */
const movement = fc
  .tuple(fc.option(offset, { nil: undefined }), fc.option(at, { nil: undefined }), fc.boolean())
  .map(([by, time, swap]) => {
    const parts = [by === undefined ? '' : ` offset ${by}`, time === undefined ? '' : ` ${time}`];
    return swap ? parts.reverse().join('') : parts.join('');
  });
const extension = fc.constantFrom('', '', '', ' anchored', ' smoothed');

const labels = fc
  .tuple(fc.array(groupLabel, { maxLength: 3 }), fc.boolean())
  .map(([names, comma]) => `(${names.join(', ')}${comma && names.length > 0 ? ',' : ''})`);
const grouping = fc
  .tuple(fc.constantFrom('by', 'WITHOUT'), labels)
  .map(([word, list]) => ` ${word} ${list} `);

const modifiers = fc
  .tuple(
    fc.constantFrom('on', 'IGNORING', ''),
    labels,
    fc.constantFrom('', ' group_left ()', ' group_right ()', ' group_left ("inc.l", inc)'),
    fc.constantFrom('', '', ' fill (1)', ' fill_left(-5m)', ' fill_right(NaN) fill_left (2)'),
  )
  .map(([word, list, group, fill]) => (word === '' ? fill : ` ${word} ${list}${group}${fill}`));
const setModifiers = fc
  .tuple(fc.constantFrom('on', 'ignoring', ''), labels)
  .map(([word, list]) => (word === '' ? '' : ` ${word} ${list}`));

type Grammar = Record<'scalar' | 'vector' | 'matrix', string>;

const grammar = fc.letrec<Grammar>((tie) => ({
  scalar: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', '-2.5', '0x1F', '1e100', '1e-9', 'Inf', '-inf', 'NaN', '5m', '-1h', '-0'),
    tie('scalar').map((text) => `(${text})`),
    tie('scalar').map((text) => `-${text}`),
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '-', '^', '*', '> bool', 'atan2'), tie('scalar'))
      .map((parts) => parts.join(' ')),
    fc.constantFrom('time()', 'pi()', 'step()', 'max_of(1, 2)'),
    tie('vector').map((text) => `scalar(${text})`),
  ),
  vector: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(selector, extension, movement).map((parts) => parts.join('')),
    tie('vector').map((text) => `(${text})`),
    tie('vector').map((text) => `-(${text})`),
    fc
      .tuple(fc.constantFrom('sum', 'AVG', 'count', 'group'), grouping, tie('vector'), fc.boolean())
      .map(([name, by, text, after]) =>
        after ? `${name}(${text})${by}` : `${name}${by}(${text})`,
      ),
    fc.tuple(tie('scalar'), tie('vector')).map(([k, text]) => `topk(${k}, ${text})`),
    tie('vector').map((text) => `count_values("v\\xff", ${text})`),
    tie('vector').map((text) => `label_replace(${text}, "a", "$1", "b", \`(.*)\`)`),
    tie('matrix').map((text) => `rate(${text})`),
    fc.tuple(tie('scalar'), tie('matrix')).map(([q, text]) => `quantile_over_time(${q}, ${text})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '/', '== bool', '</', '>='),
        modifiers,
        tie('vector'),
      )
      .map(([left, op, how, right]) => `${left} ${op}${how} ${right}`),
    fc
      .tuple(tie('vector'), fc.constantFrom('and', 'OR', 'unless'), setModifiers, tie('vector'))
      .map(([left, op, how, right]) => `${left} ${op}${how} ${right}`),
    fc.tuple(tie('scalar'), tie('vector')).map(([left, right]) => `${left} * ${right}`),
  ),
  matrix: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(selector, range, extension, movement)
      .map(([text, over, how, moved]) => `${text}[${over}]${how}${moved}`),
    fc
      .tuple(tie('vector'), range, fc.option(range, { nil: '' }), movement)
      .map(([text, over, step, moved]) => `(${text})[${over}:${step}]${moved}`),
  ),
}));

/** Queries of every type but range vectors alone. */
export const queryText: fc.Arbitrary<string> = fc
  .oneof(grammar.scalar, grammar.vector)
  .filter(isWellTyped);

/** Operators regroup their operands by precedence, which may leave a scalar where none may be. */
function isWellTyped(text: string): boolean {
  try {
    parseExpr(text);
    return true;
  } catch (error) {
    if (TYPE_ERROR.test(messageOf(error))) return false;
    throw error;
  }
}
