import { lineAt } from './mask-code.ts';

export interface FunctionSpan {
  /** As declared or assigned; `callback` for a function passed on the spot. */
  readonly name: string;
  /** First and last line, from 1. */
  readonly line: number;
  readonly lines: number;
}

const CONTROL_WORDS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);

/**
 * The functions with a body in braces found in masked code: declarations, methods, accessors,
 * constructors and arrow functions. Starts from every parameter list, so it needs no parser: a
 * closing bracket followed by a block, an arrow or a type and one of these is a function's.
 */
export function findFunctions(code: string): FunctionSpan[] {
  const found: FunctionSpan[] = [];
  for (let open = code.indexOf('('); open !== -1; open = code.indexOf('(', open + 1)) {
    const before = wordBefore(code, open);
    if (CONTROL_WORDS.has(before.word)) continue;
    const close = closing(code, open);
    const body = close === -1 ? -1 : bodyAfter(code, close + 1);
    if (body === -1) continue;
    const end = closing(code, body);
    const line = lineAt(code, before.start);
    found.push({
      name: functionName(code, open, before.word),
      line,
      lines: lineAt(code, end === -1 ? code.length : end) - line + 1,
    });
  }
  return found;
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '<': '>' };

/** Offset of the bracket that closes the one at `open`, or -1. */
function closing(code: string, open: number): number {
  const opener = code[open] ?? '';
  const closer = CLOSERS[opener];
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === opener) depth++;
    // The arrow of a function type is no bracket.
    else if (code[at] === closer && !(closer === '>' && code[at - 1] === '=')) {
      depth--;
      if (depth === 0) return at;
    }
  }
  return -1;
}

/** Offset of the brace of the body whose parameter list ended before `at`, or -1. */
function bodyAfter(code: string, at: number): number {
  let here = skipSpace(code, at);
  if (code[here] === ':') {
    here = skipType(code, here + 1);
    if (here === -1) return -1;
  }
  if (code.startsWith('=>', here)) here = skipSpace(code, here + 2);
  return code[here] === '{' ? here : -1;
}

/**
 * Offset of what follows the type at `at`, or -1 when there is none. Reads atoms joined by `|`,
 * `&`, `is` and the arrows of function types; an object type is told from a body by its place.
 */
function skipType(code: string, at: number): number {
  let here = skipSpace(code, at);
  if (code[here] === '|' || code[here] === '&') here = skipSpace(code, here + 1);
  here = skipAtom(code, here);
  if (here === -1) return -1;
  const joint = code.slice(here).match(/^(?:[|&]|is\b|extends\b)/)?.[0];
  return joint === undefined ? here : skipType(code, here + joint.length);
}

function skipAtom(code: string, at: number): number {
  let here = at;
  const prefix = /^(?:(?:readonly|keyof|typeof|asserts|unique|infer)\s+)*/;
  here += code.slice(here, here + 80).match(prefix)?.[0].length ?? 0;
  const char = code[here] ?? '';
  if (char === '(' || char === '{' || char === '[') {
    here = closing(code, here) + 1;
    // `() => T` within a type; the arrow of the function itself follows a complete type.
    if (char === '(' && /^\s*=>\s*[^{\s]/.test(code.slice(here, here + 40))) {
      return skipType(code, skipSpace(code, here) + 2);
    }
  } else {
    const word = code.slice(here).match(/^(?:[\w$.]+|(['"`])\s*\1)/)?.[0];
    if (word === undefined) return -1;
    here += word.length;
    if (code[here] === '<') here = closing(code, here) + 1;
  }
  if (here === 0) return -1;
  while (code[here] === '[') here = closing(code, here) + 1;
  return skipSpace(code, here);
}

function skipSpace(code: string, at: number): number {
  let here = at;
  while (/\s/.test(code[here] ?? '')) here++;
  return here;
}

/** The name that stands before a parameter list, across type parameters. */
function wordBefore(code: string, open: number): { word: string; start: number } {
  const text = code.slice(Math.max(0, open - 300), open);
  const match = text.match(/([#\w$]+)\s*(?:<[^()=;]*>)?\s*$/);
  if (match?.index === undefined) return { word: '', start: open };
  return { word: match[1] ?? '', start: open - (text.length - match.index) };
}

function functionName(code: string, open: number, word: string): string {
  if (word !== '' && word !== 'async' && word !== 'function') return word;
  const before = code.slice(Math.max(0, open - 300), open);
  const assigned = before.match(
    /([#\w$]+)\s*(?::[^=;{}]*)?[=:]\s*(?:async\s*)?(?:function\s*\*?\s*)?(?:<[^()=;]*>)?\s*$/,
  );
  return assigned?.[1] ?? 'callback';
}
