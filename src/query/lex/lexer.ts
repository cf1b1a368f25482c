import { scanString } from './string-literal.ts';
import { type Token, type TokenKind, wordKind } from './token.ts';

const SPACE = /[ \t\r\n]+/y;
const COMMENT = /#[^\r\n]*/y;
const NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const DIGITS_OR_FRACTION = /\.?[0-9]/y;
const DIGITS = '[0-9]+(?:_[0-9]+)*';
const NUMBER = new RegExp(
  `(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|` +
    `(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?)(?![a-zA-Z0-9_.])`,
  'y',
);
/** Units and their order are the parser's to judge. */
const DURATION = /(?:[0-9]+[smhdwy]s?)+(?![a-zA-Z0-9_.])/y;
const BAD_NUMBER = /[0-9a-zA-Z_.]+/y;
const SIGN = /==|!=|<=|<\/|<|>=|>\/|>|[-+*/%^@]/y;
const OPERATORS_IN_BRACES = /=~|!~|!=/y;
const WAITS_FOR_PAREN = new Set(['fill', 'fill_left', 'fill_right']);
const OPEN_PAREN_NEXT = /[ \t\r\n]*\(/y;

/**
 * Splits a query into tokens, without comments and spaces. Where the text stops making sense the
 * last token is an `error`, else it is `end`. Never throws.
 */
export function tokenize(text: string): readonly Token[] {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parenDepth = 0;
  /** Inside `{}` words have no meaning, inside `[]` only those of durations exist. */
  #mode: 'plain' | 'braces' | 'brackets' = 'plain';

  constructor(text: string) {
    this.#text = text;
  }

  run(): readonly Token[] {
    while (this.#skipBlank()) {
      const done = this.#mode === 'braces' ? this.#scanInBraces() : this.#scan();
      if (!done) return this.#tokens;
    }
    const problem = this.#problemAtEnd();
    if (problem === undefined) this.#push('end', this.#at);
    else this.#fail(problem);
    return this.#tokens;
  }

  /** Whether anything is left after spaces and comments. */
  #skipBlank(): boolean {
    while (this.#match(SPACE) !== undefined || this.#match(COMMENT) !== undefined);
    return this.#at < this.#text.length;
  }

  #problemAtEnd(): string | undefined {
    if (this.#mode === 'braces') return 'unexpected end of input inside braces';
    if (this.#mode === 'brackets') return 'unexpected end of input in duration expression';
    return this.#parenDepth > 0 ? 'unclosed left parenthesis' : undefined;
  }

  /** Each `#scan…` adds one token and answers false where that is an error. */
  #scan(): boolean {
    const char = this.#text.charAt(this.#at);
    switch (char) {
      case '(':
        this.#parenDepth++;
        return this.#punctuation(char);
      case ')':
        if (this.#parenDepth === 0) {
          // The problem lies behind it, as Prometheus has it.
          this.#at++;
          return this.#fail("unexpected right parenthesis ')'");
        }
        this.#parenDepth--;
        return this.#punctuation(char);
      case ',':
        return this.#punctuation(char);
      case '[':
        if (this.#mode === 'brackets') return this.#fail("unexpected left bracket '['");
        this.#mode = 'brackets';
        return this.#punctuation(char);
      case ']':
        if (this.#mode !== 'brackets') return this.#fail("unexpected right bracket ']'");
        this.#mode = 'plain';
        return this.#punctuation(char);
      default:
        if (this.#scanNumber()) return true;
        if (this.#test(DIGITS_OR_FRACTION)) {
          const bad = this.#peek(BAD_NUMBER) ?? '';
          return this.#fail(`bad number or duration syntax: "${bad}"`);
        }
        return this.#mode === 'brackets' ? this.#scanInBrackets(char) : this.#scanPlain(char);
    }
  }

  #scanNumber(): boolean {
    const start = this.#at;
    if (this.#match(NUMBER) !== undefined) return this.#push('number', start);
    if (this.#match(DURATION) !== undefined) return this.#push('duration', start);
    return false;
  }

  #scanInBrackets(char: string): boolean {
    if (char === ':') return this.#punctuation(char);
    const word = (this.#peek(NAME) ?? '').toLowerCase();
    if (wordKind(word) === 'preprocessor') return this.#scanWord(NAME);
    const start = this.#at;
    const sign = this.#match(SIGN);
    if (sign !== undefined) return this.#push('operator', start, sign);
    return this.#fail(`unexpected character in duration expression: ${this.#quotedRune()}`);
  }

  #scanPlain(char: string): boolean {
    if (char === '{') {
      this.#mode = 'braces';
      return this.#punctuation(char);
    }
    if (char === '"' || char === "'" || char === '`') return this.#scanString();
    if (this.#test(METRIC_NAME)) return this.#scanWord(METRIC_NAME);
    const start = this.#at;
    const sign = this.#match(SIGN);
    if (sign !== undefined) return this.#push('operator', start, sign);
    if (char !== '=' && char !== '!') {
      return this.#fail(`unexpected character: ${this.#quotedRune()}`);
    }
    if (char === '=' && this.#text.charAt(start + 1) !== '~') return this.#punctuation(char);
    this.#at++;
    const next = this.#quotedRune();
    this.#at = start;
    return this.#fail(`unexpected character after '${char}': ${next}`);
  }

  #scanInBraces(): boolean {
    const char = this.#text.charAt(this.#at);
    const start = this.#at;
    const operator = this.#match(OPERATORS_IN_BRACES);
    if (operator !== undefined) return this.#push('operator', start, operator);
    if (this.#match(NAME) !== undefined) return this.#push('identifier', start);
    switch (char) {
      case '}':
        this.#mode = 'plain';
        return this.#punctuation(char);
      case ',':
      case '=':
        return this.#punctuation(char);
      case '"':
      case "'":
      case '`':
        return this.#scanString();
      case '{':
        return this.#fail("unexpected left brace '{'");
      case '!':
        this.#at++;
        return this.#fail(`unexpected character after '!' inside braces: ${this.#quotedRune()}`);
      default:
        return this.#fail(`unexpected character inside braces: ${this.#quotedRune()}`);
    }
  }

  #scanWord(pattern: RegExp): boolean {
    const start = this.#at;
    const text = this.#match(pattern) ?? '';
    const word = text.toLowerCase();
    const kind = wordKind(word);
    if (kind === undefined) {
      return this.#push(text.includes(':') ? 'metric_identifier' : 'identifier', start);
    }
    // Names of metrics long before they were keywords.
    if (WAITS_FOR_PAREN.has(word) && !this.#test(OPEN_PAREN_NEXT)) {
      return this.#push('identifier', start);
    }
    return this.#push(kind, start, kind === 'number' ? '' : word);
  }

  #scanString(): boolean {
    const start = this.#at;
    const { end, problem } = scanString(this.#text, start);
    if (problem !== undefined) return this.#fail(problem);
    this.#at = end;
    return this.#push('string', start);
  }

  #punctuation(char: string): boolean {
    this.#at++;
    return this.#push('punctuation', this.#at - 1, char);
  }

  #push(kind: TokenKind, start: number, symbol = ''): true {
    const text = this.#text.slice(start, this.#at);
    this.#tokens.push({ kind, text, start, end: this.#at, symbol });
    return true;
  }

  #fail(message: string): false {
    const end = this.#text.length;
    this.#tokens.push({ kind: 'error', text: message, start: this.#at, end, symbol: '' });
    return false;
  }

  /** Takes what a sticky pattern matches here. */
  #match(pattern: RegExp): string | undefined {
    const found = this.#peek(pattern);
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #peek(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #test(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #quotedRune(): string {
    const code = this.#text.codePointAt(this.#at);
    if (code === undefined) return 'end of input';
    const char = String.fromCodePoint(code);
    return char === '\\' || char === "'" ? `'\\${char}'` : `'${char}'`;
  }
}
