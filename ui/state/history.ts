import { signal } from '@preact/signals';
import { readStored, writeStored } from './stored.ts';

const KEY = 'tidegauge.history';
const MAX_ENTRIES = 100;

/** Puts an expression in front of the ones before, once. */
export function remember(entries: readonly string[], expression: string): string[] {
  const text = expression.trim();
  if (text === '') return [...entries];
  return [text, ...entries.filter((entry) => entry !== text)].slice(0, MAX_ENTRIES);
}

/** Expressions that ran, newest first, kept in the browser. */
export function createHistory() {
  const stored = readStored<unknown>(KEY, []);
  const entries = signal<string[]>(
    Array.isArray(stored) ? stored.filter((entry) => typeof entry === 'string') : [],
  );
  const add = (expression: string) => {
    entries.value = remember(entries.value, expression);
    writeStored(KEY, entries.value);
  };
  return { entries, add };
}
