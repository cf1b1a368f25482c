import type { MetricMetadata } from '../api/prometheus.ts';

/** One thing the query box can put in. */
export interface CompletionItem {
  text: string;
  /** Metric type, `function`, `aggregation`, or `history`. */
  kind: string;
  help: string;
}

/** What completes the word at the caret, and the range of text it replaces. */
export interface Completion {
  from: number;
  to: number;
  items: CompletionItem[];
}

/** More would not be looked through; typing on narrows it. */
const MAX_ITEMS = 40;

/** The name being typed in front of the caret; null inside matchers, strings, ranges, comments. */
export function wordAt(text: string, caret: number): { from: number; word: string } | null {
  let quote = '';
  let depth = 0;
  for (let i = 0; i < caret; i++) {
    const char = text[i] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '#') {
      const end = text.indexOf('\n', i);
      if (end < 0 || end >= caret) return null;
      i = end;
    }
  }
  if (quote !== '' || depth > 0) return null;
  const word = /[A-Za-z_:][\w:]*$/.exec(text.slice(0, caret))?.[0] ?? '';
  const from = caret - word.length;
  return /\d/.test(text[from - 1] ?? '') ? null : { from, word };
}

/** How well a name answers what was typed; lower is better, null is not at all. */
export function matchRank(name: string, word: string): number | null {
  const lower = name.toLowerCase();
  const typed = word.toLowerCase();
  if (lower.startsWith(typed)) return lower.length === typed.length ? 0 : 1;
  const at = lower.indexOf(typed);
  if (at > 0) return /[_:]/.test(lower[at - 1] ?? '') ? 2 : 3;
  let next = 0;
  for (const char of lower) if (char === typed[next]) next++;
  return next === typed.length ? 4 : null;
}

/** Completes the word at the caret; null where nothing fits or nothing is being typed. */
export function complete(
  text: string,
  caret: number,
  candidates: readonly CompletionItem[],
): Completion | null {
  const place = wordAt(text, caret);
  if (place === null) return null;
  const ranked: { item: CompletionItem; rank: number }[] = [];
  for (const item of candidates) {
    const rank = matchRank(item.text, place.word);
    if (rank !== null) ranked.push({ item, rank });
  }
  ranked.sort((a, b) => a.rank - b.rank || (a.item.text < b.item.text ? -1 : 1));
  const items = ranked.slice(0, MAX_ITEMS).map(({ item }) => item);
  if (items.length === 0 || (items.length === 1 && ranked[0]?.rank === 0)) return null;
  const rest = /^[\w:]*/.exec(text.slice(caret))?.[0] ?? '';
  return { from: place.from, to: caret + rest.length, items };
}

/** Metric names with type and help where the server knows them. */
export function metricItems(
  names: readonly string[],
  metadata: Readonly<Record<string, MetricMetadata[]>>,
): CompletionItem[] {
  return names.map((name) => {
    // Series of histograms and summaries carry a suffix that their family does not.
    const family = name.replace(/_(bucket|count|sum|total)$/, '');
    const known = metadata[name]?.[0] ?? metadata[family]?.[0];
    return { text: name, kind: known?.type || 'metric', help: known?.help ?? '' };
  });
}
