import { assert } from '../../model/index.ts';
import { crc32c, wordAt } from '../../util/index.ts';
import { TideFormatError } from './errors.ts';
import { HEADER_BYTES, PAYLOAD_BYTES_MAX, TRAILER_BYTES } from './limits.ts';
import {
  CODEC_BROTLI,
  CODEC_NONE,
  FLAG_HISTORICAL,
  LANE_CONTROL,
  LANE_LIVE,
  LANE_READ,
  LANE_REPAIR,
} from './frame-header.ts';
import type { Frame, FrameHeader, FrameType, Lane, PayloadCodec } from './frame-header.ts';
import { readU64, writeU32, writeU64 } from './words.ts';

/** 'T'. */
const MAGIC = 0x54;
const VERSION = 1;

/** The type byte; bit 6 says that a collector sends it. */
const TYPE_BYTES: Readonly<Record<FrameType, number>> = {
  HELLO: 0x01,
  SCHEMA: 0x02,
  BATCH: 0x03,
  HEARTBEAT: 0x04,
  RANGE_DATA: 0x05,
  RANGE_GONE: 0x06,
  READ_CHUNK: 0x07,
  READ_END: 0x08,
  AUDIT_RESULT: 0x09,
  BYE: 0x0a,
  CERTIFICATE_REQUEST: 0x0b,
  BLOCKED: 0x0c,
  WELCOME: 0x41,
  ACK: 0x42,
  POLICY: 0x43,
  PULL_RANGE: 0x44,
  READ: 0x45,
  LEASE: 0x46,
  AUDIT: 0x47,
  FENCE: 0x48,
  CERTIFICATE: 0x49,
};
const TYPES = new Map<number, FrameType>(
  (Object.keys(TYPE_BYTES) as FrameType[]).map((type) => [TYPE_BYTES[type], type]),
);

/** Whether frames of this type have a number of their own. */
function isSealed(type: FrameType): boolean {
  return type === 'BATCH' || type === 'SCHEMA' || type === 'RANGE_DATA';
}

/**
 * A frame around a payload: header, payload, CRC-32C of both. The payload is copied. A payload that
 * is too large is the caller's fault: what is sealed is sealed below the limit.
 */
export function encodeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, `a payload of ${payload.length} bytes`);
  const problem = headerProblem(header);
  assert(problem === undefined, problem ?? '');
  const end = HEADER_BYTES + payload.length;
  const bytes = new Uint8Array(end + TRAILER_BYTES);
  bytes[0] = MAGIC;
  bytes[1] = VERSION;
  bytes[2] = TYPE_BYTES[header.type];
  bytes[3] = header.flags;
  bytes[4] = header.stream;
  bytes[5] = header.codec;
  writeU64(bytes, 8, header.epoch);
  writeU64(bytes, 16, header.seq);
  writeU32(bytes, 24, payload.length);
  bytes.set(payload, HEADER_BYTES);
  writeU32(bytes, end, crc32c(bytes, 0, end));
  return bytes;
}

/**
 * The frame that begins at `start`; more may follow it (`end`). Throws TideFormatError; after
 * `tide_frame_type` a session may go on, as a message is one frame.
 */
export function decodeFrame(bytes: Uint8Array, start = 0): Frame {
  const left = bytes.length - start;
  if (left < HEADER_BYTES + TRAILER_BYTES) {
    throw new TideFormatError('tide_truncated', `a frame of ${left} bytes, wanted at least 32`);
  }
  if (bytes[start] !== MAGIC) {
    throw new TideFormatError('tide_magic', `first byte ${bytes[start]}, wanted ${MAGIC}`);
  }
  if (bytes[start + 1] !== VERSION) {
    throw new TideFormatError('tide_version', `version ${bytes[start + 1]}, wanted ${VERSION}`);
  }
  const payloadBytes = wordAt(bytes, start + 24);
  if (payloadBytes > PAYLOAD_BYTES_MAX) {
    const problem = `a payload of ${payloadBytes} bytes, wanted at most ${PAYLOAD_BYTES_MAX}`;
    throw new TideFormatError('tide_too_large', problem);
  }
  const payloadEnd = start + HEADER_BYTES + payloadBytes;
  if (payloadEnd + TRAILER_BYTES > bytes.length) {
    const problem = `a payload of ${payloadBytes} bytes, ${left - 32} being there`;
    throw new TideFormatError('tide_truncated', problem);
  }
  if (crc32c(bytes, start, payloadEnd) !== wordAt(bytes, payloadEnd)) {
    throw new TideFormatError('tide_checksum', `checksum of a frame of ${payloadBytes} bytes`);
  }
  // Not a Buffer's view, even of a Buffer: its `slice` would not copy.
  const payload = new Uint8Array(
    bytes.buffer,
    bytes.byteOffset + start + HEADER_BYTES,
    payloadBytes,
  );
  return readChecked(bytes, start, payload);
}

function readChecked(bytes: Uint8Array, start: number, payload: Uint8Array): Frame {
  const type = TYPES.get(bytes[start + 2]!);
  if (type === undefined) {
    throw new TideFormatError(
      'tide_frame_type',
      `frame type ${bytes[start + 2]}, which is unknown`,
    );
  }
  if (bytes[start + 6] !== 0 || bytes[start + 7] !== 0) {
    throw new TideFormatError('tide_header', 'reserved bytes that are not 0');
  }
  const frame: Frame = {
    type,
    flags: bytes[start + 3]!,
    stream: bytes[start + 4]! as Lane,
    codec: bytes[start + 5]! as PayloadCodec,
    epoch: readU64(bytes, start + 8, 'epoch'),
    seq: readU64(bytes, start + 16, 'seq'),
    payload,
    end: start + HEADER_BYTES + payload.length + TRAILER_BYTES,
  };
  const problem = headerProblem(frame);
  if (problem !== undefined) throw new TideFormatError('tide_header', problem);
  return frame;
}

function headerProblem({
  type,
  flags,
  stream,
  codec,
  epoch,
  seq,
}: FrameHeader): string | undefined {
  const flagsAllowed = type === 'RANGE_DATA' ? FLAG_HISTORICAL : 0;
  if ((flags & ~flagsAllowed) !== 0) return `flags ${flags} of ${type}`;
  if (codec > CODEC_BROTLI) return `codec ${codec}, wanted at most ${CODEC_BROTLI}`;
  if (!isSealed(type)) {
    if (stream > LANE_READ) return `stream ${stream}, wanted at most ${LANE_READ}`;
    return seq === 0 ? undefined : `sequence number ${seq} of ${type}, wanted 0`;
  }
  if (stream > LANE_LIVE) return `stream ${stream} of ${type}, wanted 0 or 1`;
  if (epoch === 0) return `epoch 0 of ${type}`;
  return seq === 0 ? `sequence number 0 of ${type}` : undefined;
}

/** The lane that a frame waits in and whose credit it uses. */
export function laneOf(header: Pick<FrameHeader, 'type' | 'stream'>): Lane {
  if (header.type === 'RANGE_DATA') return LANE_REPAIR;
  return isSealed(header.type) ? header.stream : laneOfControl(header.type);
}

/** The stream byte of a frame without a number. */
export function laneOfControl(type: FrameType): Lane {
  if (type === 'READ_CHUNK' || type === 'READ_END') return LANE_READ;
  return type === 'RANGE_GONE' ? LANE_REPAIR : LANE_CONTROL;
}

/** Bytes of a frame, as credit counts them. */
export function frameBytes(payloadBytes: number): number {
  return HEADER_BYTES + payloadBytes + TRAILER_BYTES;
}

/** The header of a control frame: no flags, no number. */
export function controlHeader(
  type: FrameType,
  epoch: number,
  codec: PayloadCodec = CODEC_NONE,
): FrameHeader {
  return { type, flags: 0, stream: laneOfControl(type), codec, epoch, seq: 0 };
}
