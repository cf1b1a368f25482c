/** A comment's line (from 1) and the text on that line, without the marks around it. */
export interface CommentLine {
  readonly line: number;
  readonly text: string;
}

export interface MaskedCode {
  /**
   * The text with comments, and what stands inside strings, templates and regular expressions,
   * blanked by spaces; quotes, line ends and every offset stay.
   */
  readonly code: string;
  readonly comments: readonly CommentLine[];
}

/** After these words a slash begins a regular expression; after others it divides. */
const WORDS_BEFORE_REGEX = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);

/**
 * Blanks everything in TypeScript (or JavaScript, or JSX) text that is not code. A scanner, not a
 * parser: it takes a slash after `)` or `]` as division and one after `}` as the begin of a regular
 * expression, which formatted code almost never contradicts.
 */
export function maskCode(text: string): MaskedCode {
  return new Masker(text).run();
}

class Masker {
  readonly #text: string;
  readonly #comments: CommentLine[] = [];
  #code = '';
  #at = 0;
  /** For each open template expression, how many braces are open within it. */
  readonly #templates: number[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  run(): MaskedCode {
    if (this.#text.startsWith('#!')) this.#blankTo(this.#endOfLine());
    while (this.#at < this.#text.length) this.#step();
    return { code: this.#code, comments: this.#comments };
  }

  #step(): void {
    const char = this.#text[this.#at] ?? '';
    const next = this.#text[this.#at + 1];
    if (char === '/' && next === '/') this.#comment(this.#endOfLine());
    else if (char === '/' && next === '*') this.#comment(this.#after('*/'));
    else if (char === '/' && this.#beginsRegex(next)) this.#regex();
    else if (char === '`') this.#template();
    else if (char === '"' || (char === "'" && !this.#isApostrophe())) this.#string(char);
    else if (char === '}' && this.#templates.at(-1) === 0) {
      this.#templates.pop();
      this.#template();
    } else {
      this.#countBrace(char);
      this.#keep(1);
    }
  }

  #countBrace(char: string): void {
    const depth = this.#templates.at(-1);
    if (depth === undefined) return;
    if (char === '{') this.#templates[this.#templates.length - 1] = depth + 1;
    if (char === '}') this.#templates[this.#templates.length - 1] = depth - 1;
  }

  #comment(end: number): void {
    const firstLine = lineAt(this.#text, this.#at);
    const lines = this.#text.slice(this.#at, end).split('\n');
    for (const [i, line] of lines.entries()) {
      const text = line.replace(/^\s*(\/\/|\/\*+|\*(?!\/))?\s?/, '').replace(/\s*\*\/$/, '');
      this.#comments.push({ line: firstLine + i, text });
    }
    this.#blankTo(end);
  }

  #string(quote: string): void {
    this.#keep(1);
    let end = this.#at;
    // A string never spans lines; an open one is a stray apostrophe in the text of JSX.
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== '\n') {
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#blankTo(end);
    if (this.#text[this.#at] === quote) this.#keep(1);
  }

  /** From the backtick, or the brace that ends an expression, to the next one or the end. */
  #template(): void {
    this.#keep(1);
    let end = this.#at;
    while (end < this.#text.length && this.#text[end] !== '`') {
      if (this.#text.startsWith('${', end)) {
        this.#blankTo(end);
        this.#keep(2);
        this.#templates.push(0);
        return;
      }
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#blankTo(end);
    this.#keep(1);
  }

  #regex(): void {
    this.#keep(1);
    let end = this.#at;
    let inClass = false;
    while (end < this.#text.length && this.#text[end] !== '\n') {
      const char = this.#text[end];
      if (char === '/' && !inClass) break;
      if (char === '[') inClass = true;
      if (char === ']') inClass = false;
      end += char === '\\' ? 2 : 1;
    }
    this.#blankTo(end);
    this.#keep(1);
  }

  #beginsRegex(next: string | undefined): boolean {
    // `/>` and `</` are JSX.
    if (next === '>') return false;
    const before = this.#code.trimEnd();
    const last = before.at(-1);
    if (last === undefined) return true;
    if (last === '<') return false;
    const word = before.match(/[\w$]+$/)?.[0];
    if (word !== undefined) return WORDS_BEFORE_REGEX.has(word);
    return !')]"\'`'.includes(last);
  }

  /** Formatted code has a space or a bracket before a string; JSX text has letters: don't. */
  #isApostrophe(): boolean {
    return /\w/.test(this.#text[this.#at - 1] ?? '');
  }

  #endOfLine(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end === -1 ? this.#text.length : end;
  }

  #after(mark: string): number {
    const end = this.#text.indexOf(mark, this.#at + 2);
    return end === -1 ? this.#text.length : end + mark.length;
  }

  #keep(count: number): void {
    this.#code += this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
  }

  #blankTo(end: number): void {
    this.#code += this.#text.slice(this.#at, end).replace(/[^\n]/g, ' ');
    this.#at = Math.min(end, this.#text.length);
  }
}

/** The line, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
  }
  return line;
}
