import type { Sealed } from '../../formats/tide/index.ts';
import { encodeControl, encodeRangeData, encodeSealed } from '../../formats/tide/index.ts';
import type { AgentMessage } from '../session/session-output.ts';

/** The bytes of one frame. */
export function encodeMessage(message: AgentMessage, epoch: number): Uint8Array {
  if (isSealed(message)) return encodeSealed(message);
  if (message.type === 'RANGE_DATA') return encodeRangeData(message, epoch);
  return encodeControl(message, epoch);
}

function isSealed(message: AgentMessage): message is Sealed {
  return message.type === 'BATCH' || message.type === 'SCHEMA';
}
