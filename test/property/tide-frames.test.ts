import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import {
  CODEC_DEFLATE,
  CODEC_NONE,
  type ControlMessage,
  decodeControl,
  decodeFrame,
  decodeRangeData,
  encodeControl,
  encodeFrame,
  encodeRangeData,
  encodeSealed,
  FLAG_HISTORICAL,
  laneOf,
  PAYLOAD_BYTES_MAX,
  READ_CHUNK_BYTES_MAX,
  type Sealed,
  sealedOf,
  TideFormatError,
} from '../../src/formats/tide/index.ts';
import { unpack } from '../../src/formats/tide/packing.ts';
import { crc32c } from '../../src/util/index.ts';
import { MESSAGES } from './tide-examples.ts';

const EPOCH = 1_760_000_000_123;

/** With the checksum put right, so that what is behind it is reached. */
function resealed(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const end = sealed.length - 4;
  new DataView(sealed.buffer).setUint32(end, crc32c(sealed, 0, end), true);
  return sealed;
}

function tryRead(bytes: Uint8Array): void {
  try {
    const frame = decodeFrame(bytes);
    if (frame.type === 'RANGE_DATA') decodeRangeData(frame);
    else if (frame.type === 'BATCH' || frame.type === 'SCHEMA') sealedOf(frame);
    else decodeControl(frame);
  } catch (error) {
    if (!(error instanceof TideFormatError)) throw error;
  }
}

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof TideFormatError) return error.code;
    throw error;
  }
  return 'read';
}

describe.each(MESSAGES.map((message) => [message.type, message] as const))(
  '%s',
  (type, message) => {
    const bytes = encodeControl(message, EPOCH);

    test('comes back', () => {
      const frame = decodeFrame(bytes);
      expect(frame).toMatchObject({ type, epoch: EPOCH, seq: 0, flags: 0, end: bytes.length });
      expect(decodeControl(frame)).toEqual(message);
    });

    test('is what protobuf reads by the schema in the documents', () => {
      const frame = decodeFrame(bytes);
      const root = protobuf.parse(readFileSync('docs/formats/tide-v1.proto', 'utf8')).root;
      const oracle = root.lookupType(`tide.v1.${type}`);
      const body = unpack(frame.payload, frame.codec);
      const read = oracle.decode(body);
      // Nothing is unknown to it, and what it writes means the same to us.
      expect(oracle.verify(oracle.toObject(read))).toBeNull();
      const again = encodeFrame({ ...frame, codec: CODEC_NONE }, oracle.encode(read).finish());
      expect(decodeControl(decodeFrame(again))).toEqual(message);
    });

    test('no cut and no flipped bit is read', () => {
      for (let end = 0; end < bytes.length; end++) {
        expect(() => decodeFrame(bytes.subarray(0, end))).toThrow(TideFormatError);
      }
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const changed = bytes.slice();
        changed[bit >>> 3] = changed[bit >>> 3]! ^ (1 << (bit & 7));
        expect(() => decodeFrame(changed)).toThrow(TideFormatError);
        tryRead(resealed(changed));
      }
    });

    test('changed payloads give a message or a TideFormatError', () => {
      const frame = decodeFrame(bytes);
      const body = unpack(frame.payload, frame.codec);
      const change = fc.tuple(fc.nat(), fc.nat(255));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), fc.nat(), (changes, cut) => {
          const changed = body.slice(0, Math.max(1, cut % (2 * body.length)));
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          tryRead(encodeFrame({ ...frame, codec: CODEC_NONE }, changed));
        }),
        { numRuns: 300 },
      );
    });

    test('unknown fields are skipped', () => {
      const frame = decodeFrame(bytes);
      const body = unpack(frame.payload, frame.codec);
      // Field 1000: a number, eight bytes, four bytes, three bytes.
      const more = [0xc0, 0x3e, 5, 0xc1, 0x3e, ...Array.from({ length: 8 }, () => 7)];
      more.push(0xc5, 0x3e, 1, 2, 3, 4, 0xc2, 0x3e, 3, 1, 2, 3);
      const longer = Buffer.concat([body, Uint8Array.from(more)]);
      const again = encodeFrame({ ...frame, codec: CODEC_NONE }, longer);
      expect(decodeControl(decodeFrame(again))).toEqual(message);
    });
  },
);

describe('frames', () => {
  const batch: Sealed = {
    ...{ type: 'BATCH', codec: CODEC_DEFLATE, epoch: EPOCH, stream: 1, seq: 77 },
    payload: Uint8Array.from([1, 2, 3]),
  };

  test('what is sealed comes back from its own frame and from a repair', () => {
    const frame = decodeFrame(encodeSealed(batch));
    expect(sealedOf(frame)).toEqual(batch);
    expect(laneOf(frame)).toBe(1);
    for (const type of ['BATCH', 'SCHEMA'] as const) {
      const repair = { type: 'RANGE_DATA', requestId: 300, sealed: { ...batch, type } } as const;
      const again = decodeFrame(encodeRangeData(repair, EPOCH));
      expect(again).toMatchObject({ flags: 0, epoch: EPOCH, stream: 1, seq: 77 });
      expect(laneOf(again)).toBe(2);
      expect(decodeRangeData(again)).toEqual(repair);
      const late = decodeFrame(encodeRangeData(repair, EPOCH + 1));
      expect(late.flags).toBe(FLAG_HISTORICAL);
    }
  });

  test('frames may follow one another', () => {
    const first = encodeSealed(batch);
    const second = encodeControl({ type: 'BYE', reason: 'DONE', streams: [], ticks: [] }, EPOCH);
    const both = Buffer.concat([first, second]);
    const { end } = decodeFrame(both);
    expect(decodeFrame(both, end)).toMatchObject({ type: 'BYE', end: both.length });
  });

  test('each fault has its code', () => {
    const good = encodeSealed(batch);
    const check = (at: number, byte: number, want: string): void => {
      const changed = good.slice();
      changed[at] = byte;
      expect(codeOf(() => decodeFrame(resealed(changed)))).toBe(want);
    };
    check(0, 0x55, 'tide_magic');
    check(1, 2, 'tide_version');
    check(2, 0x7f, 'tide_frame_type');
    check(3, 1, 'tide_header');
    check(4, 2, 'tide_header');
    check(5, 3, 'tide_header');
    check(6, 1, 'tide_header');
    check(15, 1, 'tide_header');
    check(16, 0, 'tide_header');
    check(24, 4, 'tide_truncated');
    check(26, 1, 'tide_too_large');
    const changed = good.slice();
    changed[28] = 9;
    expect(codeOf(() => decodeFrame(changed))).toBe('tide_checksum');
    expect(codeOf(() => decodeControl(decodeFrame(good)))).toBe('tide_frame_type');
    expect(codeOf(() => decodeRangeData(decodeFrame(good)))).toBe('tide_frame_type');
  });

  test('random bytes are refused', () => {
    const likely = fc.constantFrom(0x54, 1, 0, 2, 3, 0x41, 0x42, 0xff);
    fc.assert(
      fc.property(fc.array(likely, { maxLength: 80 }), (bytes) => tryRead(Uint8Array.from(bytes))),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), tryRead), { numRuns: 2000 });
  });
});

describe('bounds of messages', () => {
  const check = (message: ControlMessage, problem: string): void => {
    expect(() => decodeControl(decodeFrame(encodeControl(message, 1)))).toThrow(problem);
  };
  const pull = { type: 'PULL_RANGE', requestId: 1, epoch: 1, stream: 1 } as const;
  const limits = { budgetBytes: 1, timeoutMs: 1 };

  test('ranges ascend and do not touch', () => {
    const ranges = (...pairs: [number, number][]): ControlMessage => ({
      ...pull,
      ...limits,
      ranges: pairs.map(([from, to]) => ({ from, to })),
    });
    check(ranges([0, 1]), 'range 0 to 1');
    check(ranges([5, 4]), 'range 5 to 4');
    check(ranges([5, 6], [7, 8]), 'range from 7 after one to 6');
    check(
      ranges(...Array.from({ length: 65 }, (_, at): [number, number] => [3 * at + 1, 3 * at + 1])),
      'more than 64 times',
    );
  });

  test('texts, names and numbers', () => {
    const fence = {
      type: 'FENCE',
      reason: 'LIMIT',
      currentEpoch: 1,
      retryAfterMs: undefined,
    } as const;
    check({ ...fence, message: 'x'.repeat(4097) }, 'wanted at most 4096');
    check(
      { type: 'AUDIT', requestId: 1, group: 1, minTime: 0, maxTime: 0, parts: 65 },
      'wanted at most 64',
    );
    const hello = MESSAGES.find((message) => message.type === 'HELLO')!;
    check({ ...hello, agentId: '' }, 'agentId: missing');
    expect(decodeControl(decodeFrame(encodeControl({ ...fence, message: '' }, 1)))).toEqual({
      ...fence,
      message: '',
    });
  });

  test('the largest chunk fits a frame even if nothing compresses', () => {
    const data = new Uint8Array(READ_CHUNK_BYTES_MAX);
    let state = 1;
    for (let at = 0; at < data.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      data[at] = state;
    }
    const most = { requestId: 2 ** 53 - 1, index: 2 ** 53 - 1 };
    const chunk = { type: 'READ_CHUNK', content: 'JSON', ...most, data } as const;
    const bytes = encodeControl(chunk, EPOCH);
    expect(bytes.length).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX + 32);
    expect(decodeFrame(bytes).codec).toBe(CODEC_NONE);
    expect(decodeControl(decodeFrame(bytes))).toEqual(chunk);
  });

  test('a message that does not fit says so', () => {
    const ticks = Array.from({ length: 20_000 }, (_, at) => ({
      group: Math.imul(at, 0x9e3779b1) >>> 0,
      tick: Math.imul(at, 0x85ebca6b) >>> 0,
    }));
    const bye: ControlMessage = { type: 'BYE', reason: 'DONE', streams: [], ticks };
    expect(codeOf(() => encodeControl(bye, 1))).toBe('tide_too_large');
  });
});
