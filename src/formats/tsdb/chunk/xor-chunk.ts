import type { SampleColumns } from '../../../model/index.ts';
import { HIGH_WORD, LOW_WORD } from '../../../model/index.ts';
import type { BytesSource } from '../bytes/big-endian-reader.ts';
import { BigEndianReader } from '../bytes/big-endian-reader.ts';
import { BitReader } from '../bytes/bit-reader.ts';
import { BitWriter } from '../bytes/bit-writer.ts';
import { fitsSigned } from './varbit.ts';
import { XorWindow } from './xor-window.ts';

/** The sample count, which has two bytes. */
const HEADER_BYTES = 2;

// Delta of deltas of the times: k ones, a zero unless they are four, then that many bits.
const DOD_WIDTHS = Uint8Array.of(0, 14, 17, 20, 64);
const DOD_CLASS_MAX = 4;

const writer = new BitWriter();

/**
 * Encodes samples `[from, to)`, 1 to 65535 of them, ascending and within ±2^52 ms, as the data of
 * an XOR chunk (chunks.md). The bytes are the caller's.
 */
export function encodeXorChunk(
  { timestamps, words }: SampleColumns,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  writer.reset();
  writer.bits(to - from, 16);
  const window = XorWindow.forWriting();
  let time = timestamps[from]!;
  let delta = 0;
  window.low = words[2 * from + LOW_WORD]!;
  window.high = words[2 * from + HIGH_WORD]!;
  writer.varint(time);
  writer.bits(window.high, 32);
  writer.bits(window.low, 32);
  for (let index = from + 1; index < to; index++) {
    const newTime = timestamps[index]!;
    const newDelta = newTime - time;
    if (index === from + 1) writer.uvarint(newDelta);
    else writeDeltaOfDeltas(newDelta - delta);
    window.write(writer, words[2 * index + LOW_WORD]!, words[2 * index + HIGH_WORD]!);
    time = newTime;
    delta = newDelta;
  }
  return writer.written().slice();
}

function writeDeltaOfDeltas(value: number): void {
  if (value === 0) {
    writer.bits(0, 1);
    return;
  }
  let size = 1;
  while (size < DOD_CLASS_MAX && !fitsSigned(value, DOD_WIDTHS[size]!)) size++;
  if (size === DOD_CLASS_MAX) {
    writer.bits(0b1111, 4);
    writer.int64(value);
    return;
  }
  writer.bits((1 << (size + 1)) - 2, size + 1);
  writer.bits(value, DOD_WIDTHS[size]!);
}

/**
 * Appends the samples of an XOR chunk's data `bytes[start, end)` to `into`, bit for bit.
 * @throws TsdbError and leaves `into` as it was.
 */
export function decodeXorChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  source: BytesSource,
  into: SampleColumns,
): void {
  const count = new BigEndianReader(bytes, start, end, source).u16();
  const reader = new BitReader(bytes, start + HEADER_BYTES, end, source);
  // A sample takes two bits at least, so a wrong count cannot ask for much room.
  if (2 * count > reader.remainingBits) {
    throw reader.error(`${count} samples announced, ${reader.remainingBits} bits being left`);
  }
  into.reserve(count);
  const { timestamps, words } = into;
  const window = XorWindow.forReading();
  let time = 0;
  let delta = 0;
  for (let index = 0; index < count; index++) {
    if (index === 0) {
      time = reader.varint();
      window.high = reader.bits(32);
      window.low = reader.bits(32);
    } else {
      delta = index === 1 ? reader.uvarint() : delta + readDeltaOfDeltas(reader);
      time += delta;
      window.read(reader);
    }
    if (!Number.isSafeInteger(time)) throw reader.error(`the time ${time}, wanted one within 2^53`);
    const at = into.length + index;
    timestamps[at] = time;
    words[2 * at + LOW_WORD] = window.low;
    words[2 * at + HIGH_WORD] = window.high;
  }
  into.length += count;
}

function readDeltaOfDeltas(reader: BitReader): number {
  const size = reader.ones(DOD_CLASS_MAX);
  if (size === 0) return 0;
  if (size === DOD_CLASS_MAX) return reader.int64();
  const width = DOD_WIDTHS[size]!;
  const bits = reader.bits(width);
  return bits > 1 << (width - 1) ? bits - (1 << width) : bits;
}
