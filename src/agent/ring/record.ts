import type { PayloadCodec, Sealed, SealedType, Stream } from '../../formats/tide/index.ts';
import { crc32c } from '../../util/index.ts';

/*
 * A segment is a header, then records until the end of the file. Little endian.
 *
 *   header   magic u32 | version u32 | epoch u64 | nonce u64 | CRC-32C of these u32
 *   record   payload length u32 | type u8 | stream u8 | codec u8 | 0 u8 | seq u64
 *            | sealed at, ms u64 | payload | CRC-32C of all before u32
 *
 * In version 1, of those who have none, the header has no nonce.
 */
const MAGIC = 0x52474454;
const VERSION = 2;
const HEADER_BYTES_1 = 20;
const HEADER_BYTES = 28;
const RECORD_HEADER_BYTES = 24;
const CRC_BYTES = 4;
const TYPES: readonly SealedType[] = ['SCHEMA', 'BATCH'];
const TWO_POWER_32 = 2 ** 32;

/** A sealed frame as the ring keeps it. */
export interface RingRecord {
  readonly sealed: Sealed;
  /** By the agent's clock, and never before that of a record before. */
  readonly sealedMs: number;
  /** Bytes of its record in a segment. */
  readonly sizeBytes: number;
}

export function recordSize(sealed: Sealed): number {
  return RECORD_HEADER_BYTES + sealed.payload.length + CRC_BYTES;
}

/** Whose frames a segment has. */
export interface SegmentHeader {
  readonly epoch: number;
  /** Of the process that wrote it; undefined where the file does not say. */
  readonly nonce: number | undefined;
  /** Where the records begin. */
  readonly sizeBytes: number;
}

export function segmentHeader(epoch: number, nonce: number | undefined): SegmentHeader {
  return { epoch, nonce, sizeBytes: nonce === undefined ? HEADER_BYTES_1 : HEADER_BYTES };
}

export function encodeSegmentHeader({ epoch, nonce, sizeBytes }: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, nonce === undefined ? 1 : VERSION, true);
  setUint64(view, 8, epoch);
  if (nonce !== undefined) setUint64(view, 16, nonce);
  const crcAt = sizeBytes - CRC_BYTES;
  view.setUint32(crcAt, crc32c(bytes, 0, crcAt), true);
  return bytes;
}

/** The header of a segment; undefined when it is torn or of another kind. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < HEADER_BYTES_1) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const version = view.getUint32(4, true);
  if (version !== 1 && version !== VERSION) return undefined;
  const sizeBytes = version === 1 ? HEADER_BYTES_1 : HEADER_BYTES;
  const crcAt = sizeBytes - CRC_BYTES;
  if (bytes.length < sizeBytes) return undefined;
  if (view.getUint32(crcAt, true) !== crc32c(bytes, 0, crcAt)) return undefined;
  const nonce = version === 1 ? undefined : getUint64(view, 16);
  return { epoch: getUint64(view, 8), nonce, sizeBytes };
}

/** Writes a record at `offset`; returns where the next one goes. */
export function encodeRecord(into: Uint8Array, offset: number, record: RingRecord): number {
  const { sealed, sealedMs } = record;
  const view = viewOf(into);
  view.setUint32(offset, sealed.payload.length, true);
  into[offset + 4] = TYPES.indexOf(sealed.type);
  into[offset + 5] = sealed.stream;
  into[offset + 6] = sealed.codec;
  into[offset + 7] = 0;
  setUint64(view, offset + 8, sealed.seq);
  setUint64(view, offset + 16, sealedMs);
  into.set(sealed.payload, offset + RECORD_HEADER_BYTES);
  const end = offset + RECORD_HEADER_BYTES + sealed.payload.length;
  view.setUint32(end, crc32c(into, offset, end), true);
  return end + CRC_BYTES;
}

/** The record at `offset`, its payload copied; undefined when it is torn, damaged or not there. */
export function decodeRecord(
  bytes: Uint8Array,
  offset: number,
  epoch: number,
): RingRecord | undefined {
  const body = offset + RECORD_HEADER_BYTES;
  if (body + CRC_BYTES > bytes.length) return undefined;
  const view = viewOf(bytes);
  const end = body + view.getUint32(offset, true);
  if (end + CRC_BYTES > bytes.length) return undefined;
  if (view.getUint32(end, true) !== crc32c(bytes, offset, end)) return undefined;
  const type = TYPES[bytes[offset + 4]!];
  const stream = bytes[offset + 5];
  if (type === undefined || (stream !== 0 && stream !== 1)) return undefined;
  return {
    sealed: {
      type,
      epoch,
      stream: stream satisfies Stream,
      seq: getUint64(view, offset + 8),
      codec: bytes[offset + 6] as PayloadCodec,
      payload: bytes.slice(body, end),
    },
    sealedMs: getUint64(view, offset + 16),
    sizeBytes: end + CRC_BYTES - offset,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_POWER_32), true);
}

function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_POWER_32;
}
