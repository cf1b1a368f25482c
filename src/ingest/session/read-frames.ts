import {
  decodeControl,
  decodeFrame,
  decodeRangeData,
  HEADER_BYTES,
  sealedOf,
  TideFormatError,
  TRAILER_BYTES,
} from '../../formats/tide/index.ts';
import type { AgentMessage, ReceivedMessage } from './session-output.ts';

const LENGTH_AT = 24;

/**
 * Reads the frames that stand one after another in `bytes` and hands each to `take`, until that
 * says false. A frame of an unknown type is skipped: a newer agent may send it. Throws
 * TideFormatError for all else that is wrong, at the frame where it is.
 */
export function readFrames(bytes: Uint8Array, take: (received: ReceivedMessage) => boolean): void {
  for (let start = 0; start < bytes.length; ) {
    let end = start;
    let received: ReceivedMessage | undefined;
    try {
      const frame = decodeFrame(bytes, start);
      end = frame.end;
      received = { epoch: frame.epoch, message: messageOf(frame) };
    } catch (error) {
      if (!(error instanceof TideFormatError) || error.code !== 'tide_frame_type') throw error;
      // Only a frame whose length and checksum are right gets so far.
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      end = start + HEADER_BYTES + view.getUint32(start + LENGTH_AT, true) + TRAILER_BYTES;
    }
    start = end;
    if (received !== undefined && !take(received)) return;
  }
}

function messageOf(frame: ReturnType<typeof decodeFrame>): AgentMessage {
  switch (frame.type) {
    case 'BATCH':
    case 'SCHEMA':
      return sealedOf(frame);
    case 'RANGE_DATA':
      return decodeRangeData(frame);
    default:
      return decodeControl(frame);
  }
}
