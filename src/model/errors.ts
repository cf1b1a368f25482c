/**
 * Base of every operating error (bad input, limit reached, disk full, peer gone). `code` is stable
 * and what callers test; the text is for people and says what failed, the value seen, the value
 * wanted. Bugs are `assert` failures, not these.
 */
export abstract class TidegaugeError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Where in a text a problem lies: offset in characters from 0, line and column from 1. */
export interface TextPosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Fails loudly on a broken invariant: a bug here, never a fault of input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** An excerpt of `text` that is safe to put in a message: bounded, on one line. */
export function excerpt(text: string, limit = 80): string {
  const flat = JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text);
  return flat;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
