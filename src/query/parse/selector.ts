import {
  BadRegexError,
  createMatcher,
  type Matcher,
  type MatchType,
  messageOf,
  METRIC_NAME,
} from '../../model/index.ts';
import type { VectorSelector } from '../ast.ts';
import { type Token, unquote } from '../lex/index.ts';
import { spanning, type TokenStream } from './token-stream.ts';

/** Keywords that may not be the name of a metric, as they would be read as part of an operator. */
const NEVER_NAMES = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2']);

/** Whether a token can be the name of a metric where an expression begins. */
export function isMetricName({ kind, symbol }: Token): boolean {
  if (kind === 'identifier' || kind === 'metric_identifier') return true;
  if (kind === 'operator') return symbol === 'and' || symbol === 'or' || symbol === 'unless';
  if (kind !== 'keyword') return kind === 'aggregator' || kind === 'preprocessor';
  return !NEVER_NAMES.has(symbol);
}

/** Parses `name`, `name{…}` or `{…}`, without what may follow. */
export function parseSelector(stream: TokenStream): VectorSelector {
  const first = stream.peek();
  const outside = first.symbol === '{' ? undefined : stream.take();
  const selection = new Selection(stream);
  let end = first;
  if (outside !== undefined) selection.setName(outside.text, outside);
  if (stream.accept('{') !== undefined) {
    parseMatchers(stream, selection);
    end = stream.expect('}', 'label matching', '"," or "}"');
  }
  const span = spanning(first, end);
  if (outside !== undefined) selection.checkNamedOnce(span);
  const { name, matchers } = selection;
  return {
    kind: 'vector_selector',
    span,
    name,
    matchers,
    offset: undefined,
    at: undefined,
    extension: undefined,
  };
}

/** Collects a selector's name and matchers. */
class Selection {
  name = '';
  readonly matchers: Matcher[] = [];
  readonly #stream: TokenStream;
  #named = false;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  /** The name, outside the braces or as a lone string within. */
  setName(name: string, token: Token): void {
    if (this.#named) {
      this.#stream.problem(token, `metric name must not be set twice: "${this.name}" or "${name}"`);
    }
    this.#named = true;
    this.name = name;
    this.matchers.push(createMatcher('=', METRIC_NAME, name));
  }

  addMatcher(type: MatchType, name: string, { start, value, end }: ValueToken): void {
    try {
      this.matchers.push(createMatcher(type, name, value));
    } catch (error) {
      if (!(error instanceof BadRegexError)) throw error;
      this.#stream.problem({ start, end }, messageOf(error.cause));
    }
  }

  /** A name before the braces forbids any matcher on the name inside. */
  checkNamedOnce(span: { start: number; end: number }): void {
    const second = this.matchers.find((m, index) => index > 0 && m.name === METRIC_NAME);
    if (second === undefined || this.#stream.problems.length > 0) return;
    this.#stream.problem(
      span,
      `metric name must not be set twice: "${this.name}" or "${second.value}"`,
    );
  }
}

interface ValueToken {
  readonly value: string;
  /** Of the whole matcher. */
  readonly start: number;
  readonly end: number;
}

function parseMatchers(stream: TokenStream, selection: Selection): void {
  while (stream.peek().symbol !== '}') {
    parseMatcher(stream, selection);
    if (stream.accept(',') === undefined) return;
  }
}

function parseMatcher(stream: TokenStream, selection: Selection): void {
  const label = stream.peek();
  if (label.kind !== 'identifier' && label.kind !== 'string') {
    stream.unexpected('label matching', 'identifier or "}"');
  }
  stream.take();
  const { symbol } = stream.peek();
  const isQuoted = label.kind === 'string';
  if (symbol !== '=' && symbol !== '!=' && symbol !== '=~' && symbol !== '!~') {
    if (!isQuoted) stream.unexpected('label matching', 'label matching operator');
    if (symbol !== ',' && symbol !== '}') stream.unexpected('label matching', '"," or "}"');
    selection.setName(unquote(label.text), label);
    return;
  }
  stream.take();
  const value = stream.peek();
  if (value.kind !== 'string') stream.unexpected('label matching', 'string');
  stream.take();
  const name = isQuoted ? unquote(label.text) : label.text;
  const { start } = label;
  selection.addMatcher(symbol, name, { value: unquote(value.text), start, end: value.end });
}
