import type { Matcher } from '../../model/index.ts';
import type { MemSeries } from './mem-series.ts';
import type { RefList } from './postings.ts';
import { refCount } from './postings.ts';
import type { SeriesTable } from './series-table.ts';

/**
 * The series that satisfy all matchers, by ascending ref, with or without samples.
 *
 * Matchers that '' does not satisfy narrow: equality and sets of texts through the postings of
 * those values, others through the values of their name. The rest is tested on the labels of what
 * is left, each different value once. All series are gone through only where nothing narrows.
 */
export function selectSeries(table: SeriesTable, matchers: readonly Matcher[]): MemSeries[] {
  const lists: RefList[] = [];
  const tested: Matcher[] = [];
  for (const matcher of matchers) {
    const list = matcher.matches('') ? undefined : literalRefs(table, matcher);
    if (list === undefined) tested.push(matcher);
    else lists.push(list);
  }
  if (lists.length === 0) {
    const narrowing = tested.find((matcher) => !matcher.matches(''));
    if (narrowing === undefined) return filterSeries(table, [...table.all()], tested);
    lists.push(valueRefs(table, narrowing));
    tested.splice(tested.indexOf(narrowing), 1);
  }
  return filterSeries(table, seriesOf(table, intersect(lists)), tested);
}

/** Refs by look-up of the texts that the matcher takes; undefined where these are not known. */
function literalRefs(table: SeriesTable, matcher: Matcher): RefList | undefined {
  const texts = literalsOf(matcher);
  if (texts === undefined) return undefined;
  const nameId = table.symbols.idOf(matcher.name);
  if (nameId === undefined) return [];
  const lists: RefList[] = [];
  for (const text of texts) {
    const valueId = table.symbols.idOf(text);
    const list = valueId === undefined ? undefined : table.postings.refs(nameId, valueId);
    if (list !== undefined) lists.push(list);
  }
  return unite(lists);
}

function literalsOf(matcher: Matcher): readonly string[] | undefined {
  if (matcher.type === '=') return [matcher.value];
  return matcher.type === '=~' ? matcher.literals : undefined;
}

/** Refs of every value of the matcher's name that it takes. */
function valueRefs(table: SeriesTable, matcher: Matcher): RefList {
  const nameId = table.symbols.idOf(matcher.name);
  const values = nameId === undefined ? undefined : table.postings.values(nameId);
  if (values === undefined) return [];
  const prefix = matcher.type === '=~' ? matcher.prefix : '';
  const lists: RefList[] = [];
  for (const [valueId, list] of values) {
    const text = table.symbols.text(valueId);
    if (text.startsWith(prefix) && matcher.matches(text)) lists.push(list);
  }
  return unite(lists);
}

function unite(lists: readonly RefList[]): RefList {
  if (lists.length === 0) return [];
  if (lists.length === 1) return lists[0]!;
  // Lists of different values of one name have no ref in common.
  let total = 0;
  for (const list of lists) total += refCount(list);
  const refs = new Float64Array(total);
  let at = 0;
  for (const list of lists) {
    if (typeof list === 'number') refs[at++] = list;
    else for (const ref of list) refs[at++] = ref;
  }
  return [...refs.sort()];
}

function intersect(lists: readonly RefList[]): RefList {
  const bySize = lists.toSorted((a, b) => refCount(a) - refCount(b));
  let result = bySize[0]!;
  for (const list of bySize.slice(1)) result = intersectTwo(result, list);
  return result;
}

function intersectTwo(small: RefList, large: RefList): RefList {
  if (typeof small === 'number') return contains(large, small) ? small : [];
  if (typeof large === 'number') return contains(small, large) ? large : [];
  const common: number[] = [];
  let from = 0;
  for (const ref of small) {
    from = lowerBound(large, ref, from);
    if (from === large.length) break;
    if (large[from] === ref) common.push(ref);
  }
  return common;
}

function contains(list: RefList, ref: number): boolean {
  return typeof list === 'number' ? list === ref : list[lowerBound(list, ref, 0)] === ref;
}

/** First index from `from` on whose ref is at least `ref`; doubling steps, then halving. */
function lowerBound(list: readonly number[], ref: number, from: number): number {
  let step = 1;
  let low = from;
  while (low + step < list.length && list[low + step]! < ref) {
    low += step;
    step *= 2;
  }
  let high = Math.min(list.length, low + step + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}

function seriesOf(table: SeriesTable, refs: RefList): MemSeries[] {
  const found: MemSeries[] = [];
  for (const ref of typeof refs === 'number' ? [refs] : refs) {
    const series = table.get(ref);
    if (series !== undefined) found.push(series);
  }
  return found;
}

function filterSeries(
  table: SeriesTable,
  candidates: MemSeries[],
  matchers: readonly Matcher[],
): MemSeries[] {
  let left = candidates;
  for (const matcher of matchers) {
    const nameId = table.symbols.idOf(matcher.name);
    const answers = new Map<string, boolean>();
    const takes = (series: MemSeries): boolean => {
      const value = nameId === undefined ? '' : table.valueOf(series, nameId);
      let answer = answers.get(value);
      if (answer === undefined) {
        answer = matcher.matches(value);
        answers.set(value, answer);
      }
      return answer;
    };
    left = left.filter(takes);
  }
  return left;
}
