import { RecordFormatError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { SampleBytes } from './samples-bytes.ts';
import { DISTANCE_MOST, unzigzag, zigzag } from './samples-bytes.ts';
import type { SampleState } from './samples-state.ts';

/** How the times of a record are written; distances are from the time before. */
const TimesForm = {
  /** One distance: a scrape, most requests. */
  SAME: 0,
  /** How many have one time, and its distance; and so on. */
  RUNS: 1,
  /** A distance for each. */
  EACH: 2,
  /** Eight bytes each. */
  WIDE: 3,
} as const;

export function encodeSampleTimes(
  writer: ByteWriter,
  state: SampleState,
  times: Float64Array,
  length: number,
): void {
  const form = formOf(times, length);
  writer.u8(form);
  if (form === TimesForm.WIDE) {
    writer.bytes(new Uint8Array(times.buffer, times.byteOffset, 8 * length));
    return;
  }
  let before = state.time;
  for (let index = 0; index < length; ) {
    const time = times[index]!;
    let end = index + 1;
    if (form !== TimesForm.EACH) while (end < length && times[end] === time) end++;
    if (form === TimesForm.RUNS) writer.varint(end - index);
    writer.varint(zigzag(time - before));
    before = time;
    index = end;
  }
  state.time = before;
}

function formOf(times: Float64Array, length: number): number {
  let changes = 0;
  let before = times[0]!;
  if (!isNarrow(before)) return TimesForm.WIDE;
  for (let index = 1; index < length; index++) {
    const time = times[index]!;
    if (time === before) continue;
    if (!isNarrow(time)) return TimesForm.WIDE;
    changes++;
    before = time;
  }
  if (changes === 0) return TimesForm.SAME;
  return 3 * changes < length ? TimesForm.RUNS : TimesForm.EACH;
}

/** Whether distances from and to a time can be told. */
function isNarrow(time: number): boolean {
  return time === Math.trunc(time) && time <= DISTANCE_MOST && time >= -DISTANCE_MOST;
}

export function decodeSampleTimes(
  source: SampleBytes,
  state: SampleState,
  into: Float64Array,
  length: number,
): void {
  const form = source.bytes[source.take(1)]!;
  if (form > TimesForm.WIDE) throw new RecordFormatError(`${form} is no form of times`);
  if (form === TimesForm.WIDE) {
    const start = source.take(8 * length);
    const bytes = new Uint8Array(into.buffer, into.byteOffset, 8 * length);
    bytes.set(source.bytes.subarray(start, start + 8 * length));
    return;
  }
  let { time } = state;
  for (let index = 0; index < length; ) {
    let count = 1;
    if (form === TimesForm.SAME) count = length;
    else if (form === TimesForm.RUNS) count = source.varint();
    if (count === 0 || count > length - index) {
      throw new RecordFormatError(`${count} equal times cannot be among ${length - index}`);
    }
    time += unzigzag(source.varint());
    into.fill(time, index, index + count);
    index += count;
  }
  state.time = time;
}
