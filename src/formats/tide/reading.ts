import { utf8Text, isUtf8 } from '../../util/index.ts';
import { WireReader } from '../protobuf/wire-reader.ts';
import type { TideFormatCode } from './errors.ts';
import { TideFormatError } from './errors.ts';

/** A reader of all of `bytes` whose errors are TideFormatErrors with `code`. */
export function reader(bytes: Uint8Array, code: TideFormatCode): WireReader {
  const fault = (offset: number, problem: string): Error =>
    new TideFormatError(code, `at byte ${offset} of a payload: ${problem}`);
  return new WireReader(bytes, 0, bytes.length, fault);
}

/** A varint from 0 to `max`, which is at most 2^53 - 1. */
export function uintUpTo(source: WireReader, max: number, name: string): number {
  const start = source.position;
  const value = source.uint();
  if (value <= max) return value;
  throw source.error(`${name} ${value}, wanted at most ${max}`, start);
}

/** A length and that many bytes of UTF-8. */
export function textUpTo(source: WireReader, maxBytes: number, name: string): string {
  const end = bytesEnd(source, maxBytes, name);
  const start = source.position;
  if (!isUtf8(source.bytes, start, end)) throw source.error(`${name} that is not UTF-8`);
  source.position = end;
  return utf8Text(source.bytes, start, end);
}

/** Reads a length of at most `maxBytes`; returns where the bytes, which follow, end. */
export function bytesEnd(source: WireReader, maxBytes: number, name: string): number {
  const start = source.position;
  const end = source.lengthEnd();
  if (end - source.position <= maxBytes) return end;
  const problem = `${name} of ${end - source.position} bytes, wanted at most ${maxBytes}`;
  throw source.error(problem, start);
}

/** Refuses what is left over. */
export function expectEnd(source: WireReader): void {
  const left = source.limit - source.position;
  if (left !== 0) throw source.error(`${left} bytes too many`);
}
