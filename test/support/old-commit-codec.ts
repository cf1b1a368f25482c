import type { Commit } from '../../src/storage/head/commit.ts';
import type { ByteWriter } from '../../src/storage/wal/byte-writer.ts';
import { TimeForm } from '../../src/storage/wal/columns-codec.ts';
import { encodeRest } from '../../src/storage/wal/commit-rest.ts';
import { RecordKind } from '../../src/storage/wal/records.ts';

const MAX_DISTANCE = 0xffffffff;

/** Writes a commit as version 1 of the log has it. */
export function encodeOldCommit(writer: ByteWriter, commit: Commit): void {
  writer.u8(RecordKind.COMMIT);
  writer.f64(commit.bounds.minTime);
  writer.f64(commit.bounds.maxTime);
  writer.f64(commit.bounds.windowMs);
  writer.varint(commit.series.length);
  for (const { ref, labels } of commit.series) {
    writer.u32(ref);
    writer.texts(labels.pairs);
  }
  const { samples } = commit;
  writer.varint(samples.length);
  if (samples.length > 0) {
    encodeTimes(writer, samples.timestamps, samples.length);
    writer.bytes(bytesOf(samples.refs, 4 * samples.length));
    writer.bytes(bytesOf(samples.words, 8 * samples.length));
  }
  encodeRest(writer, commit);
}

/** Writes the first `length` times of a column. */
function encodeTimes(writer: ByteWriter, times: Float64Array, length: number): void {
  let least = Infinity;
  let greatest = -Infinity;
  let whole = true;
  for (let index = 0; index < length; index++) {
    const time = times[index]!;
    if (time < least) least = time;
    if (time > greatest) greatest = time;
    if (time !== Math.trunc(time)) whole = false;
  }
  if (least === greatest && whole) {
    writer.u8(TimeForm.SAME);
    writer.f64(least);
  } else if (whole && greatest - least <= MAX_DISTANCE) {
    writer.u8(TimeForm.NEAR);
    writer.f64(least);
    writer.reserve(4 * length);
    for (let index = 0; index < length; index++) writer.u32(times[index]! - least);
  } else {
    writer.u8(TimeForm.WIDE);
    writer.bytes(bytesOf(times, 8 * length));
  }
}

function bytesOf(array: Float64Array | Uint32Array, lengthBytes: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, lengthBytes);
}
