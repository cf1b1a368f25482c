import { constants, gzipSync } from 'node:zlib';
import { ENVELOPE_HEAD, envelopeTail } from '../envelope.ts';
import type { QueryAnswer } from './protocol.ts';

/** The fastest level: five to eight times smaller already, as JSON answers repeat themselves. */
export const FAST_GZIP = { level: constants.Z_BEST_SPEED };

const HEAD = Buffer.from(ENVELOPE_HEAD);

/**
 * The whole of a successful API answer around its `data`, in a buffer of its own. Lists of notes
 * that are empty are left out.
 */
export function envelope(
  data: Uint8Array,
  { warnings = [], infos = [] }: Partial<Pick<QueryAnswer, 'warnings' | 'infos'>> = {},
): Uint8Array<ArrayBuffer> {
  const tail = Buffer.from(envelopeTail({ warnings, infos }));
  const body = new Uint8Array(HEAD.length + data.length + tail.length);
  body.set(HEAD);
  body.set(data, HEAD.length);
  body.set(tail, HEAD.length + data.length);
  return body;
}

/** An answer without notes, and its body; `data` is a part of that. */
export function answerWithBody(
  data: Uint8Array,
): QueryAnswer & { readonly body: Uint8Array<ArrayBuffer> } {
  const body = envelope(data);
  const part = body.subarray(HEAD.length, HEAD.length + data.length);
  return { data: part, body, warnings: [], infos: [], stats: undefined };
}

/** Puts an answer of `fromBytes` or more into its envelope and compresses it. */
export function packAnswer(answer: QueryAnswer, fromBytes = Infinity): QueryAnswer {
  if (answer.data.length < fromBytes) return answer;
  // A copy: what zlib gives may share its memory with others and could not be transferred.
  const whole = answer.isWhole === true ? answer.data : envelope(answer.data, answer);
  const data = new Uint8Array(gzipSync(whole, FAST_GZIP));
  return { ...answer, data, isGzipped: true };
}
