import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  deflateRawSync,
  inflateRawSync,
} from 'node:zlib';
import { ByteWriter, varintSize } from '../../util/index.ts';
import { TideFormatError } from './errors.ts';
import { BODY_BYTES_MAX } from './limits.ts';
import { bytesEnd, reader, uintUpTo } from './reading.ts';
import { CODEC_BROTLI, CODEC_DEFLATE, CODEC_NONE } from './frame-header.ts';
import type { PayloadCodec } from './frame-header.ts';

export interface Packed {
  readonly codec: PayloadCodec;
  readonly payload: Uint8Array;
}

/** Below, deflate's own cost is more than what it saves. */
const PACK_BYTES_MIN = 128;
/** Least size of the pieces in which zlib gives its output. */
const PIECE_BYTES_MIN = 64;

/**
 * The body with the given codec if that makes it smaller, else plain. Of a packed payload
 *
 *     | length of the body varint | compressed bytes varint | compressed | plain rest |
 *
 * the rest, from `plainFrom` on, is what compressing would not make smaller. A plain payload
 * aliases `body`.
 */
export function pack(body: Uint8Array, codec: PayloadCodec, plainFrom = body.length): Packed {
  if (codec === CODEC_NONE || plainFrom < PACK_BYTES_MIN) return plain(body);
  const head = body.subarray(0, plainFrom);
  const compressed = codec === CODEC_DEFLATE ? deflate(head) : brotli(head);
  const lengths = varintSize(body.length) + varintSize(compressed.length);
  if (compressed.length + lengths >= plainFrom) return plain(body);
  const writer = new ByteWriter(compressed.length + body.length - plainFrom + lengths);
  writer.uint(body.length);
  writer.uint(compressed.length);
  writer.bytes(compressed);
  writer.bytes(body.subarray(plainFrom));
  return { codec, payload: writer.written() };
}

function plain(body: Uint8Array): Packed {
  return { codec: CODEC_NONE, payload: body };
}

function deflate(body: Uint8Array): Uint8Array {
  // Tables and window as large as the body can use: for a small batch the setting up of those that
  // are made for 32 KiB, and output in pieces of 16 KiB, cost more than the packing does.
  const bits = 32 - Math.clz32(body.length - 1);
  return deflateRawSync(body, {
    level: 6,
    windowBits: Math.min(15, Math.max(9, bits)),
    memLevel: Math.min(8, Math.max(1, bits - 5)),
    chunkSize: body.length + PIECE_BYTES_MIN,
  });
}

function brotli(body: Uint8Array): Uint8Array {
  return brotliCompressSync(body, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 4,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      [constants.BROTLI_PARAM_LGWIN]: 16,
    },
  });
}

/** The body of a payload: the payload itself where it is plain. Throws TideFormatError. */
export function unpack(payload: Uint8Array, codec: PayloadCodec): Uint8Array {
  if (codec === CODEC_NONE) return payload;
  const source = reader(payload, 'tide_compression');
  const sizeBytes = uintUpTo(source, BODY_BYTES_MAX, 'length of the inflated payload');
  const headEnd = bytesEnd(source, payload.length, 'compressed bytes');
  const rest = payload.subarray(headEnd);
  const headBytes = sizeBytes - rest.length;
  if (headBytes < 0) throw source.error(`${rest.length} plain bytes of ${sizeBytes} in all`);
  const head = inflate(payload.subarray(source.position, headEnd), codec, headBytes);
  if (head.length !== headBytes) {
    throw source.error(`${head.length} bytes inflated, wanted ${headBytes}`);
  }
  if (rest.length === 0) return head;
  const body = new Uint8Array(sizeBytes);
  body.set(head);
  body.set(rest, headBytes);
  return body;
}

function inflate(bytes: Uint8Array, codec: PayloadCodec, sizeBytes: number): Uint8Array {
  // One byte more, so that a length of 0 is a legal limit; the caller compares the lengths.
  const limits = { maxOutputLength: sizeBytes + 1, chunkSize: sizeBytes + PIECE_BYTES_MIN };
  try {
    const unpacked =
      codec === CODEC_BROTLI ? brotliDecompressSync(bytes, limits) : inflateRawSync(bytes, limits);
    // Not a Buffer, whose `slice` does not copy.
    return new Uint8Array(unpacked.buffer, unpacked.byteOffset, unpacked.length);
  } catch (cause) {
    const problem = `a payload that does not inflate to ${sizeBytes} bytes`;
    throw new TideFormatError('tide_compression', problem, { cause });
  }
}
