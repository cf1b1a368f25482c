import { assert } from '../../model/index.ts';
import type { Span } from '../ast.ts';
import { ParseError, positionAt, type QueryProblem } from '../errors.ts';
import { describeToken, type Token, tokenize } from '../lex/index.ts';

/** The longest query text that is parsed, in UTF-16 units. */
export const MAX_QUERY_LENGTH = 262_144;

/**
 * How deep expressions may be nested, a chain `a + b + c` counting one level for each operator.
 * Whoever walks a tree by recursion relies on it.
 */
export const MAX_QUERY_DEPTH = 1000;

/** The tokens of one query, what is wrong with it so far, and how deep it is. */
export class TokenStream {
  readonly text: string;
  readonly problems: QueryProblem[] = [];
  readonly #tokens: readonly Token[];
  readonly #heights = new WeakMap<object, number>();
  #index = 0;
  #depth = 0;
  /** What the tokens belong to where nothing closer says it. */
  #context = '';

  /** @throws ParseError where the text is too long. */
  constructor(text: string) {
    this.text = text;
    if (text.length > MAX_QUERY_LENGTH) {
      this.fail(
        { start: 0, end: 0 },
        `query has ${text.length} characters, the limit is ${MAX_QUERY_LENGTH}`,
      );
    }
    this.#tokens = tokenize(text);
  }

  /** The next token, or one further on; the last one again and again beyond the end. */
  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)];
    assert(token !== undefined, 'a token list is never empty');
    return token;
  }

  /** Whether the text holds nothing but spaces and comments. */
  get isEmpty(): boolean {
    return this.#tokens[0]?.kind === 'end';
  }

  /** Takes the next token. */
  take(): Token {
    const token = this.peek();
    if (this.#index < this.#tokens.length - 1) this.#index++;
    return token;
  }

  /** Takes the next token if it is this symbol. */
  accept(symbol: string): Token | undefined {
    return this.peek().symbol === symbol ? this.take() : undefined;
  }

  /** @throws ParseError, with the context and what was expected, if it is not this symbol. */
  expect(symbol: string, context: string, expected: string | undefined = `"${symbol}"`): Token {
    return this.accept(symbol) ?? this.unexpected(context, expected);
  }

  /** Notes a problem after which parsing can go on. */
  problem(span: Span, text: string): void {
    const { start, end } = span;
    this.problems.push({ text, span: { start, end }, position: positionAt(this.text, start) });
  }

  /** @throws ParseError always: the problems so far and this one. */
  fail(span: Span, text: string): never {
    this.problem(span, text);
    this.throwProblems();
    throw new Error('unreachable: a problem was just noted');
  }

  /**
   * @throws ParseError that says which token stands where another was expected; what that would
   * be goes without saying where Prometheus does not say it.
   */
  unexpected(context: string, expected?: string): never {
    const token = this.peek();
    if (token.kind === 'error') return this.fail(token, token.text);
    const place = context === '' ? this.#context : context;
    const where = place === '' ? '' : ` in ${place}`;
    const wish = expected === undefined ? '' : `, expected ${expected}`;
    return this.fail(token, `unexpected ${describeToken(token)}${where}${wish}`);
  }

  /** @throws ParseError where problems were noted. */
  throwProblems(): void {
    const [first, ...rest] = this.problems;
    if (first !== undefined) throw new ParseError([first, ...rest]);
  }

  /** Runs a part of the parser one level of recursion further down. */
  nested<T>(part: () => T): T {
    this.#checkDepth(++this.#depth);
    const result = part();
    this.#depth--;
    return result;
  }

  /** Runs a part of the parser whose tokens belong to `context`, for its errors. */
  within<T>(context: string, part: () => T): T {
    const outer = this.#context;
    this.#context = context;
    const result = part();
    this.#context = outer;
    return result;
  }

  /** Notes the height of a new node over its children, and checks it. */
  grow<T extends object>(node: T, ...children: readonly (object | undefined)[]): T {
    let height = 0;
    for (const child of children) {
      if (child !== undefined) height = Math.max(height, this.#heights.get(child) ?? 0);
    }
    this.#heights.set(node, height + 1);
    this.#checkDepth(height + 1);
    return node;
  }

  #checkDepth(depth: number): void {
    if (depth <= MAX_QUERY_DEPTH) return;
    const { start, end } = this.peek();
    this.fail({ start, end }, `query is nested deeper than ${MAX_QUERY_DEPTH} levels`);
  }
}

/** From the start of one node or token to the end of another. */
export function spanning(from: Span | { span: Span }, to: Span | { span: Span }): Span {
  return { start: spanOf(from).start, end: spanOf(to).end };
}

function spanOf(part: Span | { span: Span }): Span {
  return 'span' in part ? part.span : part;
}
