import type { ControlMessage, RangeData, Sealed } from '../../../src/formats/tide/index.ts';
import {
  decodeControl,
  decodeFrame,
  decodeRangeData,
  encodeControl,
  encodeRangeData,
  encodeSealed,
  isControl,
  sealedOf,
} from '../../../src/formats/tide/index.ts';

type Message = ControlMessage | RangeData | Sealed;

/** The bytes of a message as they go over the wire. */
export function encodeMessage(message: Message, epoch: number): Uint8Array {
  if ('payload' in message) return encodeSealed(message);
  if (message.type === 'RANGE_DATA') return encodeRangeData(message, epoch);
  return encodeControl(message, epoch);
}

export function decodeMessage(bytes: Uint8Array): { epoch: number; message: Message } {
  const frame = decodeFrame(bytes);
  if (isControl(frame)) return { epoch: frame.epoch, message: decodeControl(frame) };
  if (frame.type === 'RANGE_DATA') return { epoch: frame.epoch, message: decodeRangeData(frame) };
  return { epoch: frame.epoch, message: sealedOf(frame) };
}

export function isSealedMessage({ type }: Message): boolean {
  return type === 'BATCH' || type === 'SCHEMA' || type === 'RANGE_DATA';
}
