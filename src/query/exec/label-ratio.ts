import type { Labels } from '../../model/index.ts';

const places = new WeakMap<Labels, number>();

/**
 * Where a label set lies in [0, 1): spread evenly over label sets, always the same for the same
 * labels. FNV-1a over the UTF-16 units, finished by a mixer so that near label sets part.
 */
export function labelRatio(labels: Labels): number {
  let place = places.get(labels);
  if (place === undefined) {
    place = hash(labels.key) / 2 ** 32;
    places.set(labels, place);
  }
  return place;
}

function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
