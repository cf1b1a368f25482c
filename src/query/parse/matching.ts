import type { VectorMatching } from '../ast.ts';
import { type Token, unquote } from '../lex/index.ts';
import { literalSeconds } from './duration.ts';
import type { TokenStream } from './token-stream.ts';

const WORD_KINDS = new Set([
  'identifier',
  'metric_identifier',
  'keyword',
  'aggregator',
  'preprocessor',
]);
/** What is left of bytes that are no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const WORD_OPERATORS = new Set(['and', 'or', 'unless', 'atan2']);

/** What may stand between an operator and its right side. */
export interface OperatorModifiers {
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
}

/** Parses `bool`, `on`/`ignoring`, `group_left`/`group_right` and `fill…`, all optional. */
export function parseMatching(stream: TokenStream): OperatorModifiers {
  const returnBool = stream.accept('bool') !== undefined;
  const clause = stream.accept('on') ?? stream.accept('ignoring');
  const labels = clause === undefined ? [] : parseGroupingLabels(stream).labels;
  const group =
    clause === undefined
      ? undefined
      : (stream.accept('group_left') ?? stream.accept('group_right'));
  const hasInclude = group !== undefined && stream.peek().symbol === '(';
  const include = hasInclude ? parseGroupingLabels(stream).labels : [];
  const matching: VectorMatching = {
    cardinality: cardinalityOf(group),
    on: clause?.symbol === 'on',
    labels,
    include,
    ...parseFill(stream),
  };
  return { returnBool, matching };
}

function cardinalityOf(group: Token | undefined): VectorMatching['cardinality'] {
  if (group === undefined) return 'one-to-one';
  return group.symbol === 'group_left' ? 'many-to-one' : 'one-to-many';
}

function parseFill(stream: TokenStream): Pick<VectorMatching, 'fillLeft' | 'fillRight'> {
  if (stream.accept('fill') !== undefined) {
    const value = parseFillValue(stream);
    return { fillLeft: value, fillRight: value };
  }
  if (stream.accept('fill_left') !== undefined) {
    const fillLeft = parseFillValue(stream);
    const both = stream.accept('fill_right') !== undefined;
    return { fillLeft, fillRight: both ? parseFillValue(stream) : undefined };
  }
  if (stream.accept('fill_right') !== undefined) {
    const fillRight = parseFillValue(stream);
    const both = stream.accept('fill_left') !== undefined;
    return { fillLeft: both ? parseFillValue(stream) : undefined, fillRight };
  }
  return { fillLeft: undefined, fillRight: undefined };
}

function parseFillValue(stream: TokenStream): number {
  stream.expect('(', 'fill');
  const sign = stream.accept('-') ?? stream.accept('+');
  const token = stream.peek();
  if (token.kind !== 'number' && token.kind !== 'duration') stream.unexpected('fill', 'number');
  stream.take();
  const value = literalSeconds(stream, token);
  stream.expect(')', 'fill');
  return sign?.symbol === '-' ? -value : value;
}

/** Parses `(a, "b", …)`, a comma after the last allowed; `end` is after the parenthesis. */
export function parseGroupingLabels(stream: TokenStream): {
  labels: readonly string[];
  end: number;
} {
  const context = 'grouping opts';
  stream.expect('(', context);
  const labels: string[] = [];
  for (;;) {
    const close = stream.accept(')');
    if (close !== undefined) return { labels, end: close.end };
    labels.push(parseGroupingLabel(stream));
    const next = stream.peek().symbol;
    if (next === ',') stream.take();
    else if (next !== ')') stream.unexpected(context, '"," or ")"');
  }
}

function parseGroupingLabel(stream: TokenStream): string {
  const token = stream.peek();
  const isWord = WORD_KINDS.has(token.kind) || WORD_OPERATORS.has(token.symbol);
  if (!isWord && token.kind !== 'string') stream.unexpected('grouping opts', 'label');
  stream.take();
  if (isWord) return token.text;
  const label = unquote(token.text);
  if (label === '' || LONE_SURROGATE.test(label)) {
    stream.problem(token, `invalid label name for grouping: ${token.text}`);
  }
  return label;
}
