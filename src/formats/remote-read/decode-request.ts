import type { MatchType } from '../../model/index.ts';
import { utf8Text } from '../../util/index.ts';
import { WIRE_LENGTH, WireReader } from '../protobuf/wire-reader.ts';
import { remoteReadFault } from './errors.ts';

// prometheus.ReadRequest (remote.proto): 1 queries, 2 accepted_response_types.
const KEY_QUERY = 0x0a;
const FIELD_RESPONSE_TYPES = 2;
// prometheus.Query: 1 start_timestamp_ms, 2 end_timestamp_ms, 3 matchers, 4 hints.
const KEY_START = 0x08;
const KEY_END = 0x10;
const KEY_MATCHER = 0x1a;
// prometheus.LabelMatcher (types.proto): 1 type, 2 name, 3 value.
const KEY_TYPE = 0x08;
const KEY_NAME = 0x12;
const KEY_VALUE = 0x1a;

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~'];

/** How a reader wants its answer; other numbers are of forms that are not known here. */
export const ReadResponseType = { SAMPLES: 0, STREAMED_XOR_CHUNKS: 1 } as const;

export interface ReadMatcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
}

/** What one query of a request asks for: both times included. */
export interface ReadQuery {
  readonly minTime: number;
  readonly maxTime: number;
  readonly matchers: readonly ReadMatcher[];
}

export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  /** By number, in order of preference; empty means samples. */
  readonly acceptedTypes: readonly number[];
}

/**
 * Decodes a remote read request (`prometheus.ReadRequest`), decompressed. Hints are not read: they
 * bind nobody. @throws RemoteReadError
 */
export function decodeReadRequest(bytes: Uint8Array): ReadRequest {
  const reader = new WireReader(bytes, 0, bytes.length, remoteReadFault);
  const queries: ReadQuery[] = [];
  const acceptedTypes: number[] = [];
  while (reader.position < reader.limit) {
    const key = reader.key();
    if (key === KEY_QUERY) queries.push(nested(reader, readQuery));
    else if (key >>> 3 === FIELD_RESPONSE_TYPES) readTypes(reader, key, acceptedTypes);
    else reader.skip(key);
  }
  return { queries, acceptedTypes };
}

/** Reads the message that begins here with its length. */
function nested<T>(reader: WireReader, read: (reader: WireReader) => T): T {
  const { limit } = reader;
  reader.limit = reader.lengthEnd();
  const value = read(reader);
  reader.limit = limit;
  return value;
}

/** A repeated enum comes packed or not. */
function readTypes(reader: WireReader, key: number, types: number[]): void {
  if ((key & 7) !== WIRE_LENGTH) {
    types.push(reader.uintField(key));
    return;
  }
  nested(reader, () => {
    while (reader.position < reader.limit) types.push(reader.uint());
  });
}

function readQuery(reader: WireReader): ReadQuery {
  const matchers: ReadMatcher[] = [];
  let minTime = 0;
  let maxTime = 0;
  while (reader.position < reader.limit) {
    const key = reader.key();
    if (key === KEY_START) minTime = reader.int();
    else if (key === KEY_END) maxTime = reader.int();
    else if (key === KEY_MATCHER) matchers.push(nested(reader, readMatcher));
    else reader.skip(key);
  }
  return { minTime, maxTime, matchers };
}

function readMatcher(reader: WireReader): ReadMatcher {
  let type: MatchType = '=';
  let name = '';
  let value = '';
  while (reader.position < reader.limit) {
    const key = reader.key();
    if (key === KEY_TYPE) type = matchType(reader);
    else if (key === KEY_NAME) name = readText(reader);
    else if (key === KEY_VALUE) value = readText(reader);
    else reader.skip(key);
  }
  return { type, name, value };
}

function matchType(reader: WireReader): MatchType {
  const number = reader.uint();
  const type = MATCH_TYPES[number];
  if (type === undefined) throw reader.error(`matcher type ${number}, wanted 0 to 3`);
  return type;
}

function readText(reader: WireReader): string {
  const end = reader.lengthEnd();
  const start = reader.position;
  reader.position = end;
  return utf8Text(reader.bytes, start, end);
}
