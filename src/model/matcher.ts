import { RE2JS } from 're2js';
import { messageOf, TidegaugeError } from './errors.ts';

export type MatchType = '=' | '!=' | '=~' | '!~';

export class BadRegexError extends TidegaugeError {
  readonly code = 'bad_regex';
}

/** A condition on one label. A label that is not there has the value ''. */
export interface Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  /** Whether a label value satisfies the condition. Linear time in the value's length. */
  matches(value: string): boolean;
  /**
   * For `=~` and `!~`: the finite set of strings that the expression matches, where it is one
   * (`a|b|c`), so that an index can look them up; undefined where it is not.
   */
  readonly literals: readonly string[] | undefined;
  /** For `=~` and `!~`: a literal every match begins with, '' where none is known. */
  readonly prefix: string;
}

/** @throws BadRegexError for `=~` and `!~` whose value is not RE2 syntax. */
export function createMatcher(type: MatchType, name: string, value: string): Matcher {
  switch (type) {
    case '=':
      return { type, name, value, literals: undefined, prefix: '', matches: (v) => v === value };
    case '!=':
      return { type, name, value, literals: undefined, prefix: '', matches: (v) => v !== value };
    default: {
      const { test, literals, prefix } = compileAnchored(value);
      const matches = type === '=~' ? test : (v: string) => !test(v);
      return { type, name, value, literals, prefix, matches };
    }
  }
}

/** Rebuilds a matcher that was sent as plain data (to a worker, over a wire). */
export function reviveMatcher(plain: Pick<Matcher, 'type' | 'name' | 'value'>): Matcher {
  return createMatcher(plain.type, plain.name, plain.value);
}

export interface AnchoredRegex {
  readonly test: (text: string) => boolean;
  readonly literals: readonly string[] | undefined;
  readonly prefix: string;
}

const META = /[\\.+*?()|[\]{}^$]/;

/**
 * Compiles an RE2 expression anchored on both sides, in which `.` matches newlines. What is plain
 * text, an alternation of plain texts, or plain text with `.*` or `.+` at one or both ends is
 * tested without the regular expression engine.
 */
export function compileAnchored(source: string): AnchoredRegex {
  const fast = compileLiteral(source);
  if (fast !== undefined) return fast;
  const prefix = literalPrefix(source);
  const simple = compileSimple(source);
  if (simple !== undefined) {
    return { test: (text) => simple.test(text), literals: undefined, prefix };
  }
  // Alone, as a `)` too many would close the group around it, and for what is wrong with it.
  if (source.includes(')') || source.includes('(')) compileRe2(source);
  const compiled = compileRe2(`^(?s:${source})$`, source);
  return { test: (text) => compiled.matcher(text).find(), literals: undefined, prefix };
}

/**
 * Plain characters, `\\.`, sets of plain characters and `.`, of which one may be repeated, and a
 * wildcard at the end: what both engines take for the same, and where the one of JavaScript cannot
 * go back and forth for long, as there is one place to try again from.
 */
const SIMPLE_ATOM = String.raw`(?:[A-Za-z0-9_ ,:;/=@%#~<>"'&!-]|\\\.|\.|\[[A-Za-z0-9_:/.-]+\])`;
const SIMPLE = new RegExp(`^${SIMPLE_ATOM}*(?:[*+]${SIMPLE_ATOM}*)?(?:\\.[*+])?$`);

/** The expression in JavaScript's engine, some ten times as fast; undefined where it may differ. */
function compileSimple(source: string): RegExp | undefined {
  if (!SIMPLE.test(source)) return undefined;
  try {
    return new RegExp(`^(?:${source})$`, 'su');
  } catch {
    // What is wrong is said in the words of the other engine.
    return undefined;
  }
}

/** Compiles RE2 syntax without anchoring. @throws BadRegexError naming `shown`. */
export function compileRe2(source: string, shown = source): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new BadRegexError(`cannot parse regular expression ${shown}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function compileLiteral(source: string): AnchoredRegex | undefined {
  if (!META.test(source)) {
    return { test: (text) => text === source, literals: [source], prefix: source };
  }
  const alternatives = source.split('|');
  if (alternatives.length > 1 && alternatives.every((part) => !META.test(part))) {
    const set = new Set(alternatives);
    return { test: (text) => set.has(text), literals: [...set], prefix: '' };
  }
  return compileContains(source);
}

const WILD_START = /^\.[*+]/;
const WILD_END = /\.[*+]$/;

function compileContains(source: string): AnchoredRegex | undefined {
  const head = WILD_START.exec(source)?.[0] ?? '';
  const rest = source.slice(head.length);
  const tail = WILD_END.exec(rest)?.[0] ?? '';
  const middle = rest.slice(0, rest.length - tail.length);
  if ((head === '' && tail === '') || META.test(middle)) return undefined;
  // A `+` asks for one character more than `*`.
  const before = head === '.+' ? 1 : 0;
  const after = tail === '.+' ? 1 : 0;
  if (head === '') {
    const least = middle.length + after;
    const test = (text: string): boolean => text.length >= least && text.startsWith(middle);
    return { test, literals: undefined, prefix: middle };
  }
  if (tail === '') {
    const least = middle.length + before;
    const test = (text: string): boolean => text.length >= least && text.endsWith(middle);
    return { test, literals: undefined, prefix: '' };
  }
  const test = (text: string): boolean => {
    const at = text.indexOf(middle, before);
    // Nothing is found everywhere, even beyond the end.
    return at >= before && at + middle.length + after <= text.length;
  };
  return { test, literals: undefined, prefix: '' };
}

function literalPrefix(source: string): string {
  if (source.includes('|')) return '';
  const end = source.search(META);
  if (end <= 0) return '';
  // A quantifier that may match nothing takes back the character before it.
  return '*?{'.includes(source.charAt(end)) ? source.slice(0, end - 1) : source.slice(0, end);
}
