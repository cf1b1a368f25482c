import type { Matcher } from '../../model/index.ts';
import type { IndexView } from './index-view.ts';
import type { Postings } from './pairs.ts';
import { intersectRefs, sortDistinct, subtractRefs } from './ref-sets.ts';
import { SEGMENT_WORDS } from './word-list.ts';

type Refs = Uint32Array<ArrayBuffer>;

const NONE: Refs = new Uint32Array(0);
const encoder = new TextEncoder();

/** A list so many times as long as the refs is looked into; a shorter one is copied. */
const SEEK_RATIO = 64;
/** Testing a series by its labels costs about as much as this many refs of a list. */
const TEST_COST_REFS = 20;

/**
 * The series that satisfy all matchers, by ascending ref.
 *
 * Matchers that '' does not satisfy narrow: equality and sets of texts through the lists of those
 * pairs, shortest first, others through the pairs of their name. The others take away. Either looks
 * at the values of the name, each once, or at the labels of what is left, whichever is less. All
 * series are gone through only where nothing narrows.
 *
 * A writer may be at work: series that were there throughout are found, and every series found
 * satisfied the matchers. A series in the directory is in all of its lists, so what takes away
 * comes after a look into it; one that is removed leaves it first, so there is a look at the end.
 */
export function selectRefs(view: IndexView, matchers: readonly Matcher[]): Refs {
  const lists: (Postings | Refs)[] = [];
  const narrowing: Matcher[] = [];
  const takingAway: Matcher[] = [];
  for (const matcher of matchers) {
    if (matcher.matches('')) {
      takingAway.push(matcher);
      continue;
    }
    const list = literalRefs(view, matcher);
    if (list === undefined) narrowing.push(matcher);
    else if (countOf(list) === 0) return NONE;
    else lists.push(list);
  }
  let refs = lists.length === 0 ? undefined : intersectLists(view, lists);
  for (const matcher of narrowing) {
    refs =
      refs === undefined
        ? valueRefs(view, matcher, (text) => matcher.matches(text))
        : narrow(view, refs, matcher);
  }
  refs = refs === undefined ? view.directory.refs() : dropGone(view, refs);
  if (takingAway.length === 0 || refs.length === 0) return refs;
  for (const matcher of takingAway) refs = takeAway(view, refs, matcher);
  return dropGone(view, refs);
}

/** Refs by look-up of the texts that the matcher takes; undefined where these are not known. */
function literalRefs(view: IndexView, matcher: Matcher): Postings | Refs | undefined {
  if (matcher.type === '=') return pairPostings(view, matcher.name, matcher.value);
  if (matcher.type !== '=~' || matcher.literals === undefined) return undefined;
  const lists = matcher.literals.map((text) => pairPostings(view, matcher.name, text));
  return lists.length === 1 ? lists[0] : unite(view, lists);
}

function pairPostings(view: IndexView, name: string, value: string): Postings {
  const pair = view.pairs.find(name, value);
  return pair === 0 ? { count: 0, list: 0, lone: 0 } : view.pairs.postings(pair);
}

/** Refs of every value of the matcher's name that `takes` says yes to. */
function valueRefs(view: IndexView, matcher: Matcher, takes: (text: string) => boolean): Refs {
  const name = view.symbols.find(matcher.name);
  if (name === 0) return NONE;
  const prefix = matcher.type === '=~' ? encoder.encode(matcher.prefix) : undefined;
  const narrows = prefix !== undefined && prefix.length > 0 && !matcher.matches('');
  const lists: Postings[] = [];
  for (const pair of view.pairsOf(name)) {
    const value = view.pairs.value(pair);
    if (narrows && !view.symbols.startsWith(value, prefix)) continue;
    if (takes(view.symbols.text(value))) lists.push(view.pairs.postings(pair));
  }
  return unite(view, lists);
}

function unite(view: IndexView, lists: readonly Postings[]): Refs {
  let total = 0;
  for (const { count } of lists) total += count;
  const refs = new Uint32Array(total);
  let at = 0;
  for (const { count, list, lone } of lists) {
    if (list === 0) refs.fill(lone, at, at + count);
    else view.lists.copyTo(list, 0, count, refs.subarray(at, at + count));
    at += count;
  }
  return sortDistinct(refs);
}

function intersectLists(view: IndexView, lists: (Postings | Refs)[]): Refs {
  if (lists.length > 1) lists.sort((a, b) => countOf(a) - countOf(b));
  let refs = refsOf(view, lists[0]!);
  for (let index = 1; index < lists.length && refs.length > 0; index++) {
    const list = lists[index]!;
    const isLong = !(list instanceof Uint32Array) && list.count > SEEK_RATIO * refs.length;
    refs = isLong
      ? seekRefs(view, refs, list, true)
      : intersectRefs(refs, lentRefs(view, list, refs));
  }
  return refs;
}

/** Lists of up to so many refs are copied to where the one before was: 64 KiB. */
const KEPT_REFS = 16_384;

let kept: Refs | undefined;

/**
 * As `refsOf`, what of it lies between the first and the last of `refs` at least, to be looked at
 * before the next list is. Series that are alike mostly became known together: of a long list it is
 * few. (Memory for a list of 12,800 refs takes longer than copying it.)
 */
function lentRefs({ lists }: IndexView, list: Postings | Refs, refs: Refs): Refs {
  if (list instanceof Uint32Array) return list;
  if (list.list === 0) return list.count === 0 ? NONE : Uint32Array.of(list.lone);
  const first = lists.lowerBound(list.list, list.count, refs[0]!, 0);
  const from = first & ~(SEGMENT_WORDS - 1);
  const last = refs[refs.length - 1]!;
  const end = lists.lowerBound(list.list, list.count, last, first);
  const to = Math.min(end + 1, list.count);
  const count = to - from;
  const target = count > KEPT_REFS ? new Uint32Array(count) : (kept ??= new Uint32Array(KEPT_REFS));
  lists.copyTo(list.list, from, to, target);
  return target.subarray(0, count);
}

function narrow(view: IndexView, refs: Refs, matcher: Matcher): Refs {
  if (testsLess(view, refs, matcher)) return testEach(view, refs, matcher);
  return intersectRefs(
    refs,
    valueRefs(view, matcher, (text) => matcher.matches(text)),
  );
}

function takeAway(view: IndexView, refs: Refs, matcher: Matcher): Refs {
  const texts = matcher.type === '!=' ? [matcher.value] : matcher.literals;
  if (texts !== undefined && (matcher.type === '!=' || matcher.type === '!~')) {
    let left = refs;
    for (const text of texts) {
      const list = pairPostings(view, matcher.name, text);
      const isLong = list.count > SEEK_RATIO * left.length;
      left = isLong ? seekRefs(view, left, list, false) : subtractRefs(left, refsOf(view, list));
    }
    return left;
  }
  if (testsLess(view, refs, matcher)) return testEach(view, refs, matcher);
  return subtractRefs(
    refs,
    valueRefs(view, matcher, (text) => !matcher.matches(text)),
  );
}

/** Whether to look at the labels of the refs costs less than at all values of the name. */
function testsLess(view: IndexView, refs: Refs, matcher: Matcher): boolean {
  const name = view.symbols.find(matcher.name);
  if (name === 0) return false;
  const values = view.lists.length(view.symbols.pairList(name));
  return refs.length <= values || refs.length * TEST_COST_REFS < view.seriesCount;
}

/** The refs whose labels satisfy the matcher; each different value is tested once. */
function testEach(view: IndexView, refs: Refs, matcher: Matcher): Refs {
  const name = view.symbols.find(matcher.name);
  const answers = new Map<number, boolean>([[0, matcher.matches('')]]);
  const left = new Uint32Array(refs.length);
  let count = 0;
  for (let index = 0; index < refs.length; index++) {
    const set = view.directory.get(refs[index]!);
    if (set === 0) continue;
    const value = name === 0 ? 0 : view.sets.valueOf(set, name);
    let answer = answers.get(value);
    if (answer === undefined) {
      answer = matcher.matches(view.symbols.text(value));
      answers.set(value, answer);
    }
    if (answer) left[count++] = refs[index]!;
  }
  return left.subarray(0, count);
}

/** The refs that a long list has, or those that it has not. */
function seekRefs(view: IndexView, refs: Refs, { list, count }: Postings, wanted: boolean): Refs {
  const left = new Uint32Array(refs.length);
  let kept = 0;
  let at = 0;
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]!;
    at = view.lists.lowerBound(list, count, ref, at);
    const isThere = at < count && view.lists.at(list, at) === ref;
    if (isThere === wanted) left[kept++] = ref;
  }
  return left.subarray(0, kept);
}

/** The refs whose series the directory has. */
function dropGone(view: IndexView, refs: Refs): Refs {
  const sets = new Uint32Array(refs.length);
  view.directory.getEach(refs, sets);
  let kept = 0;
  for (let index = 0; index < refs.length; index++) {
    if (sets[index] !== 0) refs[kept++] = refs[index]!;
  }
  return refs.subarray(0, kept);
}

function refsOf(view: IndexView, list: Postings | Refs): Refs {
  if (list instanceof Uint32Array) return list;
  if (list.list !== 0) return view.lists.toArray(list.list, list.count);
  return list.count === 0 ? NONE : Uint32Array.of(list.lone);
}

function countOf(list: Postings | Refs): number {
  return list instanceof Uint32Array ? list.length : list.count;
}
