// Where to begin to look for the place of a late sample. Without this each would look through all
// chunks that are newer, and many for one series take quadratic time. Two things are remembered of
// the series that had the last ones: where the last one went, as mostly they come near each other;
// and, for those that come in any order, some waypoints.

import { C_PREVIOUS, C_TIMES, NO_TIME, S_CHUNK, S_SAMPLES, T_FIRST } from './layout.ts';
import { WAYPOINT_BYTES, WAYPOINTS, waypoints } from './scratch.ts';

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
  waySeries = 0;
}

/** The chunks from one waypoint to the next, at least. */
const STRIDE_LEAST: u32 = 16;
/** A walk that is so many strides long finds the waypoints too far apart. */
const STRIDES_MOST: u32 = 4;

// A waypoint: +0 i64 time of the first sample of a chunk, NO_TIME where there is none
//             +8 u32 the link in that chunk
// The first ones are near the newest chunk, each further back than the one before.
let waySeries: usize = 0;
let stride: u32 = 0;
/** Of the walk under way: the waypoint that comes next, and the steps since the one before. */
let nextWaypoint: u32 = 0;
let steps: u32 = 0;

/**
 * A link of a series in a chunk newer than `time`, as near as is known, where a walk back through
 * the chunks is to begin; 0: at the newest.
 */
export function beginWalk(series: usize, time: i64): usize {
  const near = placeSeries === series ? newerLink(placeLink, time) : 0;
  beginAtNewest(series);
  for (let number = WAYPOINTS; number > 0; number--) {
    const waypoint = waypointAt(number - 1);
    const first = load<i64>(waypoint);
    if (first <= time) continue;
    nextWaypoint = number;
    return near !== 0 && firstOfLink(near) <= first ? near : load<u32>(waypoint, 8);
  }
  return near;
}

/** A walk begins at the newest chunk. */
export function beginAtNewest(series: usize): void {
  steps = 0;
  nextWaypoint = 0;
  if (waySeries === series) return;
  waySeries = series;
  // Such samples leave chunks of some thirty samples.
  stride = max(STRIDE_LEAST, load<u32>(series, S_SAMPLES) / (24 * WAYPOINTS));
  for (let number: u32 = 0; number < WAYPOINTS; number++) store<i64>(waypointAt(number), NO_TIME);
}

/** The walk has come to a link, that of a chunk. */
export function stepTo(link: usize): void {
  if (++steps < stride || nextWaypoint > WAYPOINTS) return;
  if (nextWaypoint < WAYPOINTS) {
    const waypoint = waypointAt(nextWaypoint);
    if (load<i64>(waypoint) === NO_TIME) {
      store<i64>(waypoint, firstOfLink(link));
      store<u32>(waypoint, <u32>link, 8);
      nextWaypoint++;
      steps = 0;
      return;
    }
  }
  // The chunks have become many more: the next walk marks them anew.
  if (steps > STRIDES_MOST * stride) waySeries = 0;
}

/** A chunk leaves the chain of a series. */
export function forgetChunk(series: usize, chunk: usize): void {
  if (waySeries !== series) return;
  for (let number: u32 = 0; number < WAYPOINTS; number++) {
    const waypoint = waypointAt(number);
    const isIn = <usize>load<u32>(waypoint, 8) === chunk + C_PREVIOUS;
    if (isIn) store<i64>(waypoint, NO_TIME);
  }
}

function waypointAt(number: u32): usize {
  return waypoints() + <usize>number * WAYPOINT_BYTES;
}

/** The link if the chunk that it is in is newer than `time`; else 0. */
function newerLink(link: usize, time: i64): usize {
  return firstOfLink(link) > time ? link : 0;
}

function firstOfLink(link: usize): i64 {
  return load<i64>(<usize>load<u32>(link - C_PREVIOUS, C_TIMES), T_FIRST);
}
