import { ByteWriter } from '../../util/index.ts';
import { TideFormatError } from './errors.ts';
import { controlHeader, encodeFrame } from './frame.ts';
import { PAYLOAD_BYTES_MAX } from './limits.ts';
import { decodeMessage, encodeMessage } from './message-fields.ts';
import type { ControlContents } from './messages.ts';
import { MESSAGE_FIELDS } from './messages.ts';
import { pack, unpack } from './packing.ts';
import { reader } from './reading.ts';
import type { ControlMessage, ControlType } from './control-message.ts';
import { CODEC_DEFLATE } from './frame-header.ts';
import type { Frame } from './frame-header.ts';

/** Encoding is synchronous, and the frame has a copy. */
const writer = new ByteWriter(1024);

/** Whether a frame's payload is a message of tagged fields. */
export function isControl(frame: Pick<Frame, 'type'>): frame is Frame & { type: ControlType } {
  return Object.hasOwn(MESSAGE_FIELDS, frame.type);
}

/**
 * The frame of a control message. Throws TideFormatError `tide_too_large` where even deflate does
 * not bring it below the limit of a frame: a policy or a list of ticks may be that long.
 */
export function encodeControl(message: ControlMessage, epoch: number): Uint8Array {
  writer.reset();
  encodeContent(message.type, message);
  const { codec, payload } = pack(writer.written(), CODEC_DEFLATE);
  if (payload.length > PAYLOAD_BYTES_MAX) {
    const problem = `${message.type} of ${payload.length} bytes, wanted ${PAYLOAD_BYTES_MAX}`;
    throw new TideFormatError('tide_too_large', problem);
  }
  return encodeFrame(controlHeader(message.type, epoch, codec), payload);
}

// Generic, so that the compiler sees that fields and content belong to one another by the type.
function encodeContent<T extends ControlType>(type: T, content: ControlContents[T]): void {
  encodeMessage(writer, MESSAGE_FIELDS[type], content);
}

/** The message of a control frame. Bytes in it may be views of the frame's. */
export function decodeControl(frame: Frame): ControlMessage {
  if (!isControl(frame)) {
    throw new TideFormatError('tide_frame_type', `${frame.type}, wanted a control frame`);
  }
  const body = unpack(frame.payload, frame.codec);
  return { ...decodeContent(frame.type, body), type: frame.type } as ControlMessage;
}

function decodeContent<T extends ControlType>(type: T, body: Uint8Array): ControlContents[T] {
  return decodeMessage<ControlContents[T]>(reader(body, 'tide_field'), MESSAGE_FIELDS[type]);
}
