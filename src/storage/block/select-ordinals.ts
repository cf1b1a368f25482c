import type { Matcher } from '../../model/index.ts';
import type { BlockIndex } from './block-index.ts';

/**
 * Ordinals of the series of a block that satisfy all matchers, ascending: matchers that '' does
 * not satisfy narrow by postings, the others are tested on the labels of what is left.
 */
export function selectOrdinals(index: BlockIndex, matchers: readonly Matcher[]): Uint32Array {
  let found: Uint32Array | undefined;
  const tested: Matcher[] = [];
  for (const matcher of matchers) {
    if (matcher.matches('')) {
      tested.push(matcher);
      continue;
    }
    const list = matching(index, matcher);
    found = found === undefined ? list : intersect(found, list);
    if (found.length === 0) return found;
  }
  found ??= Uint32Array.from({ length: index.seriesCount }, (_, ordinal) => ordinal);
  for (const matcher of tested) found = subtract(found, refused(index, matcher));
  return found;
}

/** Series that have a value of the matcher's name which it takes. */
function matching(index: BlockIndex, matcher: Matcher): Uint32Array {
  const nameId = index.nameId(matcher.name);
  if (nameId === undefined) return new Uint32Array(0);
  const literals = matcher.type === '=' ? [matcher.value] : literalsOf(matcher);
  if (literals !== undefined) {
    const ranks = literals
      .map((text) => index.rank(nameId, text))
      .filter((rank) => rank !== undefined);
    return unite(ranks.map((rank) => index.postings(nameId, rank)));
  }
  return ofValues(index, nameId, (text) => matcher.matches(text));
}

function literalsOf(matcher: Matcher): readonly string[] | undefined {
  return matcher.type === '=~' ? matcher.literals : undefined;
}

/** Series that have a value which the matcher refuses; those without the label it takes. */
function refused(index: BlockIndex, matcher: Matcher): Uint32Array {
  const nameId = index.nameId(matcher.name);
  if (nameId === undefined) return new Uint32Array(0);
  return ofValues(index, nameId, (text) => !matcher.matches(text));
}

function ofValues(
  index: BlockIndex,
  nameId: number,
  takes: (text: string) => boolean,
): Uint32Array {
  const lists: Uint32Array[] = [];
  for (const [rank, text] of index.values(nameId).entries()) {
    if (takes(text)) lists.push(index.postings(nameId, rank));
  }
  return unite(lists);
}

/** Lists of different values of one name have no ordinal in common. */
function unite(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0]!;
  let total = 0;
  for (const list of lists) total += list.length;
  const all = new Uint32Array(total);
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all.sort();
}

function intersect(left: Uint32Array, right: Uint32Array): Uint32Array {
  const common = new Uint32Array(Math.min(left.length, right.length));
  let count = 0;
  for (let a = 0, b = 0; a < left.length && b < right.length; ) {
    const difference = left[a]! - right[b]!;
    if (difference === 0) common[count++] = left[a]!;
    if (difference <= 0) a++;
    if (difference >= 0) b++;
  }
  return common.subarray(0, count);
}

function subtract(left: Uint32Array, right: Uint32Array): Uint32Array {
  if (right.length === 0) return left;
  const kept = new Uint32Array(left.length);
  let count = 0;
  let b = 0;
  for (const ordinal of left) {
    while (b < right.length && right[b]! < ordinal) b++;
    if (right[b] !== ordinal) kept[count++] = ordinal;
  }
  return kept.subarray(0, count);
}
