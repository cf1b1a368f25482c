import { BigEndianWriter, PAGE_BYTES } from '../../src/formats/tsdb/index.ts';
import { crc32c } from '../../src/util/index.ts';

/** Writes records to pages as wal.md says. */
export class SegmentBuilder {
  readonly writer = new BigEndianWriter();

  record(bytes: Uint8Array, flags = 0): this {
    let at = 0;
    for (let isFirst = true; ; isFirst = false) {
      // A page's rest that has no room for a header is zeros.
      if (PAGE_BYTES - (this.writer.length % PAGE_BYTES) < 7) this.writer.pad(PAGE_BYTES);
      const room = PAGE_BYTES - (this.writer.length % PAGE_BYTES) - 7;
      const part = bytes.subarray(at, at + room);
      const isLast = at + part.length === bytes.length;
      const kind = isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3;
      this.writer.u8(kind | flags);
      this.writer.u16(part.length);
      this.writer.u32(crc32c(part));
      this.writer.bytes(part);
      at += part.length;
      if (isLast) return this;
    }
  }

  bytes(): Uint8Array {
    return this.writer.written().slice();
  }
}

/** A record of series: ref, then name and value in turn. */
export function seriesRecord(series: readonly (readonly [number, ...string[]])[]): Uint8Array {
  const writer = new BigEndianWriter();
  writer.u8(1);
  for (const [ref, ...pairs] of series) {
    writer.u64(ref);
    writer.uvarint(pairs.length / 2);
    for (const text of pairs) writer.text(text);
  }
  return writer.written();
}

/** A record of samples: ref, time, value. */
export function samplesRecord(samples: readonly (readonly [number, number, number])[]): Uint8Array {
  const writer = new BigEndianWriter();
  const view = new DataView(new ArrayBuffer(8));
  const [[firstRef, firstTime] = [0, 0]] = samples;
  writer.u8(2);
  writer.u64(firstRef);
  writer.u64(firstTime);
  for (const [ref, time, value] of samples) {
    writer.varint(ref - firstRef);
    writer.varint(time - firstTime);
    view.setFloat64(0, value);
    writer.u32(view.getUint32(0));
    writer.u32(view.getUint32(4));
  }
  return writer.written();
}

/** A record of deletions: ref, first and last time. */
export function tombstonesRecord(
  deleted: readonly (readonly [number, number, number])[],
): Uint8Array {
  const writer = new BigEndianWriter();
  writer.u8(3);
  for (const [ref, minTime, maxTime] of deleted) {
    writer.u64(ref);
    writer.varint(minTime);
    writer.varint(maxTime);
  }
  return writer.written();
}
