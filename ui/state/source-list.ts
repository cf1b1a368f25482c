import type { Source, SourceState } from '../api/contract.ts';
import type { SourceColumn, SourcesRoute } from './route.ts';

/** All states, the one to look at first in front. */
const STATES: readonly SourceState[] = ['silent', 'late', 'expected', 'live', 'ended'];

/** Takes the place of a state in a filter: of any state, and something is wrong. */
export const TROUBLED = 'troubled';

/** Whether a source is an agent with a session, and so with a ledger. */
export function isAgent({ name, kind }: Source): boolean {
  return kind === 'push' && name === 'tide';
}

/** What a source is called: agents by their id, as all of them have the same protocol. */
export function sourceTitle(source: Source): string {
  return isAgent(source) ? (source.labels['agent'] ?? source.name) : source.name;
}

/** Sources that something is wrong with, whatever their state. */
export function countTroubled(sources: readonly Source[]): number {
  return sources.filter(({ problems }) => problems.length > 0).length;
}

/** Sources per state. */
export function countStates(sources: readonly Source[]): Record<SourceState, number> {
  const counts = { expected: 0, live: 0, late: 0, silent: 0, ended: 0 };
  for (const source of sources) counts[source.state]++;
  return counts;
}

/** The sources a filter lets through, in its order; ties by name and endpoint. */
export function selectSources(sources: readonly Source[], filter: SourcesRoute): Source[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = sources.filter(
    (source) =>
      (filter.kind === '' || source.kind === filter.kind) &&
      inStates(source, filter.states) &&
      hasWords(source, words),
  );
  const direction = filter.descending ? -1 : 1;
  return found.sort(
    (a, b) =>
      direction * compare(sortKey(a, filter.sort), sortKey(b, filter.sort)) ||
      compare(sourceTitle(a), sourceTitle(b)) ||
      compare(a.endpoint, b.endpoint) ||
      compare(a.id, b.id),
  );
}

function inStates({ state, problems }: Source, states: readonly string[]): boolean {
  if (states.length === 0 || states.includes(state)) return true;
  return problems.length > 0 && states.includes(TROUBLED);
}

function hasWords(source: Source, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const labels = Object.entries(source.labels).map(([name, value]) => `${name}="${value}"`);
  const problems = source.problems.map(({ text }) => text);
  const { name, endpoint, kind, lastError } = source;
  const text = [name, endpoint, kind, lastError, ...problems, ...labels].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

function sortKey(source: Source, column: SourceColumn): string | number {
  switch (column) {
    case 'state':
      return stateRank(source);
    case 'name':
      return sourceTitle(source);
    case 'kind':
      return source.kind;
    case 'endpoint':
      return source.endpoint;
    case 'contact':
      return source.lastContact === null ? 0 : Date.parse(source.lastContact);
    case 'interval':
      return source.intervalSeconds ?? Number.POSITIVE_INFINITY;
    case 'samples':
      return source.samplesPerContact;
    case 'rejected':
      return source.rejectedTotal;
  }
}

/** One that is live with something wrong comes before those that are only expected. */
function stateRank({ state, problems }: Source): number {
  const isTroubled = state === 'live' && problems.length > 0;
  return isTroubled ? STATES.indexOf('late') + 0.5 : STATES.indexOf(state);
}

/** So that `edge-10` follows `edge-9`. */
const collator = new Intl.Collator('en', { numeric: true });

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return collator.compare(a, b);
  return a < b ? -1 : 1;
}

/**
 * Samples per second over all sources between two readings; null where the time is too short to
 * tell. A source whose total went back was restarted: all it has counts.
 */
export function samplesPerSecond(
  before: { atMs: number; sources: readonly Source[] },
  after: { atMs: number; sources: readonly Source[] },
): number | null {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds < 0.5) return null;
  const totals = new Map(before.sources.map((source) => [source.id, source.samplesTotal]));
  let added = 0;
  for (const { id, samplesTotal } of after.sources) {
    const earlier = totals.get(id) ?? 0;
    added += samplesTotal >= earlier ? samplesTotal - earlier : samplesTotal;
  }
  return added / seconds;
}
