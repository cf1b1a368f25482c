// From the bytes that name a series to its ref: first the series that followed the one before last
// time, then a probe of the table, else a place in the list of unknown ones.

import {
  B_DROPPED,
  B_LAST,
  B_LENGTH,
  B_OWNER,
  B_PREDICTED,
  B_PROBED,
  B_REFS,
  B_UNKNOWN,
  B_UNKNOWN_COUNT,
  DROPPED_REF,
  E_LENGTH,
  E_NEXT,
  E_REF,
  E_SEEN,
  H_FOREIGN,
  H_PASS,
  KIND_LISTS,
  KIND_OWNERS,
  O_CONTEXT,
  O_LAST,
  O_PASS,
  O_SEEN,
  O_SEEN_CAPACITY,
  O_SEEN_COUNT,
  O_TAKEN,
  O_TAKEN_CAPACITY,
  O_TAKEN_COUNT,
  O_TRACKED,
  OWNER_BYTES,
  S_SEEN,
  U_ENTRY,
  U_FINGERPRINT,
  U_FIRST_SAMPLE,
  U_FOLLOWING,
  U_LENGTH,
  U_PREVIOUS,
  U_SAMPLE_COUNT,
  U_START,
  UNKNOWN_BYTES,
  UNKNOWN_FLAG,
} from './layout.ts';
import { fingerprint, fingerprintHigh, fingerprintLow } from './fingerprint.ts';
import { reserveSeen, seenCell } from './foreign.ts';
import { entryAddress, insert, isFingerprinted, probe } from './identities.ts';
import { ownSeriesAddress } from './series.ts';
import { allocate, growList, release } from './slab.ts';

// The walk under way; a walk is one call, so these never outlive it.
let currentOwner: usize = 0;
let context: u64 = 0;
let pass: u32 = 0;
let isForeign = false;
/** The identity before: an entry, or an unknown one's index with the flag. */
let previous: u32 = 0;
/** The entry that followed it last time, 0 for none, and its address. */
let predicted: u32 = 0;
let predictedAt: usize = 0;
let predictedCount: u32 = 0;
let probedCount: u32 = 0;

/** What `lookUp` found: the ref, 0 when it is unknown. */
export let foundRef: u32 = 0;
/** Index in the list of unknown identities when `foundRef` is 0. */
export let foundUnknown: u32 = 0;

export function openOwner(ownerContext: u32, tracked: bool): usize {
  const owner = allocate(OWNER_BYTES, KIND_OWNERS);
  if (owner === 0) return 0;
  memory.fill(owner, 0, OWNER_BYTES);
  store<u64>(owner, ownerContext, O_CONTEXT);
  store<u32>(owner, tracked ? 1 : 0, O_TRACKED);
  return owner;
}

export function closeOwner(owner: usize): void {
  release(load<u32>(owner, O_SEEN), KIND_OWNERS);
  release(load<u32>(owner, O_TAKEN), KIND_OWNERS);
  release(owner, KIND_OWNERS);
}

export function beginLookups(owner: usize): void {
  currentOwner = owner;
  context = load<u64>(owner, O_CONTEXT);
  isForeign = load<u32>(H_FOREIGN) !== 0;
  // Never 0, which stands for "in no body".
  pass = max(load<u32>(H_PASS) + 1, 1);
  store<u32>(H_PASS, pass);
  store<u32>(owner, pass, O_PASS);
  store<u32>(owner, 0, O_SEEN_COUNT);
  const last = load<u32>(owner, O_LAST);
  goOnFrom(last, entryAddress(last));
  predictedCount = 0;
  probedCount = 0;
}

export function endLookups(body: usize): void {
  store<u32>(body, previous, B_LAST);
  store<u32>(body, predictedCount, B_PREDICTED);
  store<u32>(body, probedCount, B_PROBED);
  if ((previous & UNKNOWN_FLAG) === 0) store<u32>(currentOwner, previous, O_LAST);
}

/** Makes a known entry the one before. */
function goOnFrom(entry: u32, address: usize): void {
  previous = entry;
  predicted = load<u32>(address, E_NEXT);
  predictedAt = entryAddress(predicted);
}

/** Length of the name of the predicted entry; 0 when there is none, as entry 0 has none. */
export function predictedLength(): usize {
  return <usize>load<u32>(predictedAt, E_LENGTH);
}

/** Whether the predicted entry has the fingerprint that was made last; entry 0 never has. */
export function isPredicted(): bool {
  return isFingerprinted(predictedAt);
}

/** Goes on with the predicted entry if it has the fingerprint that was made last. */
export function takePredicted(): bool {
  if (!isFingerprinted(predictedAt) || !take(predicted, predictedAt, true)) return false;
  predictedCount++;
  return true;
}

/** Fingerprints a name in the context of the body's owner. */
export function fingerprintName(start: usize, length: u32): void {
  fingerprint(start, length, context);
}

/**
 * Looks up the name that was fingerprinted last, `[start, start + length)`, to `foundRef` or
 * `foundUnknown`. False when the slab is full.
 */
export function lookUp(body: usize, start: usize, length: u32): bool {
  if (takePredicted()) return true;
  const probed = probe();
  if (probed !== 0 && take(probed, entryAddress(probed), false)) {
    probedCount++;
    return true;
  }
  return addUnknown(body, start, length);
}

/** Ends the list of samples of an unknown series. */
export function endUnknown(body: usize, index: u32): void {
  const unknown = <usize>load<u32>(body, B_UNKNOWN) + <usize>index * UNKNOWN_BYTES;
  store<u32>(
    unknown,
    load<u32>(body, B_LENGTH) - load<u32>(unknown, U_FIRST_SAMPLE),
    U_SAMPLE_COUNT,
  );
}

/** Goes on with a known identity; false when its series is gone. */
function take(entry: u32, address: usize, inOrder: bool): bool {
  const ref = load<u32>(address, E_REF);
  if (ref !== DROPPED_REF) {
    if (load<u32>(currentOwner, O_TRACKED) !== 0) {
      const seen = seenAddress(ref);
      if (seen === 0 || !track(ref, seen)) return false;
    } else if (!isForeign && ownSeriesAddress(ref) === 0) {
      return false;
    }
  }
  store<u32>(address, pass, E_SEEN);
  if (!inOrder) linkAfter(previous, entry);
  goOnFrom(entry, address);
  foundRef = ref;
  return true;
}

/** Where the last body that had the series is noted; 0 when it is gone, or the slab is full. */
function seenAddress(ref: u32): usize {
  if (isForeign) return reserveSeen(ref);
  const series = ownSeriesAddress(ref);
  return series === 0 ? 0 : series + S_SEEN;
}

/** Remembers that a tracked owner had the series; false when the slab is full. */
function track(ref: u32, seen: usize): bool {
  // Twice in one body counts once.
  if (load<u32>(seen) === load<u32>(currentOwner, O_PASS)) return true;
  const count = load<u32>(currentOwner, O_SEEN_COUNT);
  if (!growList(currentOwner + O_SEEN, count + 1, count, 4, KIND_OWNERS)) return false;
  store<u32>(<usize>load<u32>(currentOwner, O_SEEN) + ((<usize>count) << 2), ref);
  store<u32>(currentOwner, count + 1, O_SEEN_COUNT);
  store<u32>(seen, load<u32>(currentOwner, O_PASS));
  return true;
}

/** Notes for next time that `entry` comes after `before`. */
function linkAfter(before: u32, entry: u32): void {
  if ((before & UNKNOWN_FLAG) === 0) store<u32>(entryAddress(before), entry, E_NEXT);
  else pendingFollowing(before & ~UNKNOWN_FLAG, entry);
}

let currentUnknown: usize = 0;

function pendingFollowing(index: u32, entry: u32): void {
  store<u32>(currentUnknown + <usize>index * UNKNOWN_BYTES, entry, U_FOLLOWING);
}

function addUnknown(body: usize, start: usize, length: u32): bool {
  const count = load<u32>(body, B_UNKNOWN_COUNT);
  if (!growList(body + B_UNKNOWN, count + 1, count, UNKNOWN_BYTES, KIND_LISTS)) return false;
  currentUnknown = load<u32>(body, B_UNKNOWN);
  const unknown = currentUnknown + <usize>count * UNKNOWN_BYTES;
  store<u32>(unknown, <u32>start, U_START);
  store<u32>(unknown, length, U_LENGTH);
  store<u32>(unknown, load<u32>(body, B_LENGTH), U_FIRST_SAMPLE);
  store<u32>(unknown, 0, U_SAMPLE_COUNT);
  store<u64>(unknown, fingerprintLow, U_FINGERPRINT);
  store<u64>(unknown, fingerprintHigh, U_FINGERPRINT + 8);
  store<u32>(unknown, previous, U_PREVIOUS);
  store<u32>(unknown, 0, U_FOLLOWING);
  store<u32>(unknown, 0, U_ENTRY);
  store<u32>(body, count + 1, B_UNKNOWN_COUNT);
  previous = count | UNKNOWN_FLAG;
  predicted = 0;
  predictedAt = entryAddress(0);
  foundRef = 0;
  foundUnknown = count;
  return true;
}

/** See `KernelBody.resolve`. False when the slab is full. */
export function resolve(body: usize, index: u32, ref: u32): bool {
  const list = <usize>load<u32>(body, B_UNKNOWN);
  const unknown = list + <usize>index * UNKNOWN_BYTES;
  const samples = load<u32>(unknown, U_SAMPLE_COUNT);
  const kept = ref === DROPPED_REF ? 0 : ref;
  const first = <usize>load<u32>(body, B_REFS) + ((<usize>load<u32>(unknown, U_FIRST_SAMPLE)) << 2);
  for (let sample: u32 = 0; sample < samples; sample++) {
    store<u32>(first + ((<usize>sample) << 2), kept);
  }
  if (ref === DROPPED_REF) store<u32>(body, load<u32>(body, B_DROPPED) + samples, B_DROPPED);
  if (ref === 0) return true;
  const entry = insert(
    load<u64>(unknown, U_FINGERPRINT),
    load<u64>(unknown, U_FINGERPRINT + 8),
    load<u32>(unknown, U_LENGTH),
    ref,
  );
  if (entry === 0) return false;
  store<u32>(unknown, entry, U_ENTRY);
  linkResolved(body, list, unknown, index, entry);
  currentOwner = load<u32>(body, B_OWNER);
  if (ref === DROPPED_REF || load<u32>(currentOwner, O_TRACKED) === 0) return true;
  isForeign = load<u32>(H_FOREIGN) !== 0;
  const seen = seenAddress(ref);
  if (seen === 0) return !isForeign;
  return track(ref, seen);
}

/** Puts a new entry between those that stood before and after it in the body. */
function linkResolved(body: usize, list: usize, unknown: usize, index: u32, entry: u32): void {
  let before = load<u32>(unknown, U_PREVIOUS);
  if ((before & UNKNOWN_FLAG) !== 0) {
    before = load<u32>(list + <usize>(before & ~UNKNOWN_FLAG) * UNKNOWN_BYTES, U_ENTRY);
  }
  // One that was refused leaves a gap, which the next body finds by probing.
  if (before !== 0 || index === 0) store<u32>(entryAddress(before), entry, E_NEXT);
  const following = load<u32>(unknown, U_FOLLOWING);
  if (following !== 0) store<u32>(entryAddress(entry), following, E_NEXT);
  if (load<u32>(body, B_LAST) === (index | UNKNOWN_FLAG)) {
    store<u32>(load<u32>(body, B_OWNER), entry, O_LAST);
  }
}

/**
 * Writes the refs that the body before had and this one has not over the list of that body before,
 * and returns how many: `O_TAKEN` is then the list. `settle` must follow.
 */
export function findMissing(owner: usize): u32 {
  const taken = <usize>load<u32>(owner, O_TAKEN);
  const count = <usize>load<u32>(owner, O_TAKEN_COUNT);
  const now = load<u32>(owner, O_PASS);
  isForeign = load<u32>(H_FOREIGN) !== 0;
  let missing: usize = 0;
  for (let index: usize = 0; index < count; index++) {
    const ref = load<u32>(taken + (index << 2));
    const seen = isForeign ? seenCell(ref) : seenAddress(ref);
    if (seen === 0) continue;
    // Another owner may have had it since: it is then not missing either.
    if (<i32>(load<u32>(seen) - now) >= 0) continue;
    store<u32>(taken + (missing << 2), ref);
    missing++;
  }
  return <u32>missing;
}

/** What this body had is from now on what the body before had. */
export function settle(owner: usize): void {
  const address = load<u32>(owner, O_TAKEN);
  const capacity = load<u32>(owner, O_TAKEN_CAPACITY);
  store<u32>(owner, load<u32>(owner, O_SEEN), O_TAKEN);
  store<u32>(owner, load<u32>(owner, O_SEEN_CAPACITY), O_TAKEN_CAPACITY);
  store<u32>(owner, load<u32>(owner, O_SEEN_COUNT), O_TAKEN_COUNT);
  store<u32>(owner, address, O_SEEN);
  store<u32>(owner, capacity, O_SEEN_CAPACITY);
  store<u32>(owner, 0, O_SEEN_COUNT);
}
