// Where the last late sample went, or was already. Many come one after another to the same series,
// each near the one before; without this each would look through all chunks that are newer.

import { C_PREVIOUS, C_TIMES, S_CHUNK, T_FIRST } from './layout.ts';

let placeSeries: usize = 0;
/** The link, in a chunk, to the one that the last sample belonged to. */
let placeLink: usize = 0;

/** The chunk that `link` is in must stay in the chain, until this or `forgetPlace` is called. */
export function rememberPlace(series: usize, link: usize): void {
  placeSeries = link === series + S_CHUNK ? 0 : series;
  placeLink = link;
}

/** Whatever takes chunks out of a chain calls this before. */
export function forgetPlace(): void {
  placeSeries = 0;
}

/** The remembered link if it is one of the series, in a chunk newer than `time`; else 0. */
export function placeBefore(series: usize, time: i64): usize {
  if (placeSeries !== series) return 0;
  const times = <usize>load<u32>(placeLink - C_PREVIOUS, C_TIMES);
  return load<i64>(times, T_FIRST) > time ? placeLink : 0;
}
