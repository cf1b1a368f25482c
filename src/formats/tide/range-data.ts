import { ByteWriter } from '../../util/index.ts';
import { TideFormatError } from './errors.ts';
import { encodeFrame } from './frame.ts';
import { PAYLOAD_BYTES_MAX } from './limits.ts';
import { reader, uintUpTo } from './reading.ts';
import { FLAG_HISTORICAL } from './frame-header.ts';
import type { Frame, Stream } from './frame-header.ts';
import type { RangeData } from './request-messages.ts';
import type { Sealed, SealedType } from './sealed.ts';

const SEALED_TYPES: readonly SealedType[] = ['SCHEMA', 'BATCH'];

/** Request id and type before a sealed payload: room that sealing leaves. */
export const RANGE_PREFIX_BYTES = 16;
/** What a sealed payload may be, so that RANGE_DATA can carry it whole. */
export const SEALED_BYTES_MAX = PAYLOAD_BYTES_MAX - RANGE_PREFIX_BYTES;

/** The frame of a sealed payload, the first time that it is sent. */
export function encodeSealed(sealed: Sealed): Uint8Array {
  return encodeFrame({ ...sealed, flags: 0 }, sealed.payload);
}

/** What a SCHEMA or BATCH frame seals. The payload is a view of the frame's. */
export function sealedOf(frame: Frame): Sealed {
  const { type, codec, epoch, stream, seq, payload } = frame;
  if (type !== 'BATCH' && type !== 'SCHEMA') {
    throw new TideFormatError('tide_frame_type', `${type}, wanted BATCH or SCHEMA`);
  }
  return { type, codec, epoch, stream: stream as Stream, seq, payload };
}

/** A sealed payload sent again, under its own epoch, stream and number. */
export function encodeRangeData(
  { requestId, sealed }: RangeData,
  sessionEpoch: number,
): Uint8Array {
  const { type, codec, epoch, stream, seq, payload } = sealed;
  const writer = new ByteWriter(payload.length + RANGE_PREFIX_BYTES);
  writer.uint(requestId);
  writer.uint(SEALED_TYPES.indexOf(type));
  writer.bytes(payload);
  const flags = epoch < sessionEpoch ? FLAG_HISTORICAL : 0;
  return encodeFrame({ type: 'RANGE_DATA', flags, stream, codec, epoch, seq }, writer.written());
}

/** What a RANGE_DATA frame brings. The payload is a view of the frame's. */
export function decodeRangeData(frame: Frame): RangeData {
  if (frame.type !== 'RANGE_DATA') {
    throw new TideFormatError('tide_frame_type', `${frame.type}, wanted RANGE_DATA`);
  }
  const source = reader(frame.payload, 'tide_field');
  const requestId = uintUpTo(source, Number.MAX_SAFE_INTEGER, 'request id');
  const type = SEALED_TYPES[uintUpTo(source, SEALED_TYPES.length - 1, 'sealed type')]!;
  const { codec, epoch, seq } = frame;
  const payload = frame.payload.subarray(source.position);
  const sealed: Sealed = { type, codec, epoch, stream: frame.stream as Stream, seq, payload };
  return { type: 'RANGE_DATA', requestId, sealed };
}
