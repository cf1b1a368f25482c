import { describe, expect, test } from 'vitest';
import {
  BatchColumns,
  BatchDecoder,
  BatchEncoder,
  CODEC_NONE,
  type ControlMessage,
  type CoverageEntry,
  decodeControl,
  decodeFrame,
  decodeRangeData,
  decodeSchema,
  encodeControl,
  encodeRangeData,
  encodeSchema,
  encodeSealed,
  type SchemaChange,
  type Sealed,
  sealedOf,
} from '../../src/formats/tide/index.ts';
import { type FloatHistogram, Labels, setStaleAt } from '../../src/model/index.ts';

// Bytes written by hand from docs/protocol.md: what version 1 is, for ever.

/** CRC-32C bit by bit. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** A frame of epoch 0x0102030405: type, flags, stream, codec; the number; the payload. */
function frame(head: string, seq: number, payload: string): Buffer {
  const body = Buffer.from(payload.replaceAll(/\s/g, ''), 'hex');
  const bytes = Buffer.alloc(28 + body.length + 4);
  bytes.write('5401' + head.replaceAll(' ', '') + '00000504030201000000', 'hex');
  bytes.writeUInt8(seq, 16);
  bytes.writeUInt32LE(body.length, 24);
  body.copy(bytes, 28);
  bytes.writeUInt32LE(checksum(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

const EPOCH = 0x0102030405;
const NO_HASH = { low: 0, high: 0 };

const CONTROL: readonly (readonly [ControlMessage, string, string])[] = [
  [
    {
      ...{ type: 'HELLO', agentId: 'ab', nonce: 300, agentVersion: '', bootReason: 'CRASH' },
      ...{ clockMs: -1, codecs: [0, 1], capabilities: ['x'], previous: [], groups: [] },
      ticks: [],
      streams: [{ stream: 1, firstRetained: 1, lastSeq: 2 }],
      ...{ schemaVersion: 1, schemaHash: { low: 1, high: 2 }, policyVersion: 0 },
    },
    '01 00 03 00',
    '0a026162 10ac02 2001 2801 32020001 3a0178 4206 0801 1001 1802 5001 59 0100000002000000',
  ],
  [
    {
      ...{ type: 'HEARTBEAT', clockMs: 1, streams: [], previous: [], leases: [] },
      ticks: [{ group: 1, tick: 9 }],
      ring: { usedBytes: 1, limitBytes: 2, oldestMs: 0 },
      counters: { scheduled: 3, present: 3, suppressed: 0, shed: 0, failed: 0 },
      ...{ cpuMs: 5, rssBytes: 6, policyVersion: 0, policyHash: NO_HASH },
      ...{ schemaVersion: 1, schemaHash: NO_HASH, serverTimeMs: 0, serverAgeMs: 0 },
    },
    '04 00 03 00',
    '0802 2204 0801 1009 2a04 0801 1002 3204 0803 1003 3805 4006 5801',
  ],
  [
    { type: 'RANGE_GONE', requestId: 1, epoch: 2, stream: 1, ranges: [], reason: 'EVICTED' },
    '06 00 02 00',
    '0801 1002 1801',
  ],
  [
    { type: 'READ_CHUNK', requestId: 1, index: 0, content: 'TEXT', data: Uint8Array.of(65) },
    '07 00 04 00',
    '0801 1801 220141',
  ],
  [
    {
      ...{ type: 'READ_END', requestId: 1, status: 'TIMEOUT', message: 'm', chunkCount: 1 },
      ...{ contentType: '', clockMs: 0 },
    },
    '08 00 04 00',
    '0801 1003 1a016d 2001',
  ],
  [
    {
      ...{ type: 'AUDIT_RESULT', requestId: 1, group: 2, retainedFrom: 0 },
      windows: [{ minTime: 0, maxTime: 1, count: 1, hash: { low: 7, high: 0 }, ranges: [] }],
    },
    '09 00 03 00',
    '0801 1002 220d 1002 1801 21 0700000000000000',
  ],
  [{ type: 'BYE', reason: 'UPGRADE', streams: [], ticks: [] }, '0a 00 03 00', '0801'],
  [{ type: 'BLOCKED', stream: 1, offsetBytes: 65536 }, '0c 00 03 00', '0801 10808004'],
  [
    {
      ...{ type: 'WELCOME', sessionId: 's', serverTimeMs: 1, heartbeatMs: 5000 },
      ...{ reconnectSpreadMs: 0, codecs: [1], streams: [], schemaVersion: 0 },
      ...{ credit: [{ lane: 1, offsetBytes: 65536 }], policy: undefined, redirect: undefined },
      capabilities: ['ab'],
    },
    '41 00 03 00',
    '0a0173 1002 188827 2a0101 3a06 0801 10808004 5a026162',
  ],
  [
    {
      ...{ type: 'ACK', credit: [], queueDelayMs: 3, serverTimeMs: 0, echoMs: 0, rejections: [] },
      streams: [
        { stream: 1, cumReceived: 4, cumDurable: 3, sack: [{ from: 6, to: 7 }], missing: [] },
      ],
    },
    '42 00 03 00',
    '0a0c 0801 1004 1803 2204 0806 1007 1803',
  ],
  [
    {
      type: 'POLICY',
      policy: {
        ...{ version: 2, groups: [], shedOrder: ['C', 'A'], hash: NO_HASH },
        tolerances: [{ id: 1, kind: 'RELATIVE', value: 0.5 }],
      },
    },
    '43 00 03 00',
    '0a15 0802 1a0d 0801 1001 19 000000000000e03f 22020201',
  ],
  [
    {
      ...{ type: 'PULL_RANGE', requestId: 1, epoch: 2, stream: 0, budgetBytes: 0, timeoutMs: 9 },
      ranges: [{ from: 3, to: 5 }],
    },
    '44 00 03 00',
    '0801 1002 2204 0803 1005 3009',
  ],
  [
    {
      ...{ type: 'READ', requestId: 1, kind: 'EXPOSITION', selector: 'up', minTime: 0, maxTime: 0 },
      ...{ resolutionMs: 0, budgetBytes: 0, timeoutMs: 1, accept: '', cancel: true },
    },
    '45 00 03 00',
    '0801 1003 1a027570 4001 5001',
  ],
  [
    {
      ...{ type: 'LEASE', leaseId: 1, selector: 'up', intervalMs: 100, predicate: '' },
      ...{ ttlMs: 60_000, samplesPerSecondMax: 10, requestId: 0 },
    },
    '46 00 03 00',
    '0801 12027570 1864 28e0d403 300a',
  ],
  [
    { type: 'AUDIT', requestId: 1, group: 2, minTime: -2, maxTime: 2, parts: 4 },
    '47 00 03 00',
    '0801 1002 1803 2004 2804',
  ],
  [
    { type: 'FENCE', reason: 'CLONED', message: '', currentEpoch: 7, retryAfterMs: 0 },
    '48 00 03 00',
    '0801 1807 2000',
  ],
];

describe('the bytes of', () => {
  for (const [message, head, payload] of CONTROL) {
    test(message.type, () => {
      const want = frame(head, 0, payload);
      expect(Buffer.from(encodeControl(message, EPOCH)).toString('hex')).toBe(want.toString('hex'));
      expect(decodeControl(decodeFrame(want))).toEqual(message);
    });
  }

  // Schema version 1, policy 2. One entry: PARTIAL, group 3, from tick 4, two of them, two series,
  // one sample shed, none failed. Two times, 1000 and 1001. Ids 5 and 6 as a run of two. Series 5
  // has both times; 6 one, a bitmap of the second. Leads: 2 has a width of 2, and follows a
  // descriptor of its own, rising; the marker's descriptor is 5. The delta has one bit. The bits: 2
  // without its highest is 0, then the delta 1.
  const BATCH = `
    01 02  01 02 03 04 01 02 01 00
    02 d00f 00
    05 05 01
    00 01 02
    82 80  01 05  01
    02 00000000`;

  function batch(): BatchColumns {
    const columns = new BatchColumns();
    columns.pushValue(5, 1000, 2);
    columns.pushValue(5, 1001, 3);
    columns.pushValue(6, 1001, 0);
    setStaleAt(columns.words, 2);
    return columns;
  }

  const coverage: CoverageEntry = {
    ...{ group: 3, tickFrom: 4, tickTo: 5, status: 'PARTIAL', toleranceId: 0, reason: 'NONE' },
    ...{ part: 0, parts: 1, seriesCount: 2, presentCount: 3 },
    ...{ suppressedCount: 0, shedCount: 1, failedCount: 0 },
  };

  test('BATCH', () => {
    const head = { schemaVersion: 1, policyVersion: 2, coverage: [coverage] };
    const want = frame('03 00 01 00', 9, BATCH);
    const packed = new BatchEncoder().encode(head, batch(), CODEC_NONE);
    const sealed: Sealed = { type: 'BATCH', epoch: EPOCH, stream: 1, seq: 9, ...packed };
    expect(Buffer.from(encodeSealed(sealed)).toString('hex')).toBe(want.toString('hex'));
    const read = sealedOf(decodeFrame(want));
    const into = new BatchColumns();
    expect(new BatchDecoder().decode(read.payload, read.codec, into)).toEqual(head);
    expect([...into.seriesIds.subarray(0, into.length)]).toEqual([5, 5, 6]);
    expect([...into.timestamps.subarray(0, into.length)]).toEqual([1000, 1001, 1001]);
    expect([...into.words.subarray(0, 6)]).toEqual([...batch().words.subarray(0, 6)]);
  });

  // No coverage. Three times, 1000 to 1002, and series 5 alone, which has all of them. The lead
  // has a descriptor of its own, 6. Then 41 bytes of histograms: the first whole, reset unknown,
  // whole counts; of schema -4 (zigzag 7), zero threshold 0, a span of two buckets from -1 on
  // (zigzag 1), no negative spans, no bounds; sum 1.5; count 4 (zigzag), none of zero, buckets 1
  // and, 2 more, 3. The second of the same layout, not reset since: sum 2; 1 more in the count and
  // in the second bucket. The third is a staleness marker. No bits.
  const HISTOGRAMS = `
    01 00  00
    03 d00f 00 00
    02 05
    00
    80  06
    29
    11  07  0000000000000000  01 01 02  00  00  000000000000f83f  08 00  02 04
    1a  0000000000000040  02 00  00 02
    00
    00000000`;

  test('BATCH with histograms', () => {
    const head = { schemaVersion: 1, policyVersion: 0, coverage: [] };
    const histogram: FloatHistogram = {
      ...{ counterReset: 'unknown', schema: -4, zeroThreshold: 0, zeroCount: 0, count: 4 },
      ...{ sum: 1.5, positiveSpans: [{ offset: -1, length: 2 }], positiveBuckets: [1, 3] },
      ...{ negativeSpans: [], negativeBuckets: [], customValues: [] },
    };
    const next: FloatHistogram = {
      ...{ ...histogram, counterReset: 'not_reset', count: 5, sum: 2 },
      positiveBuckets: [1, 4],
    };
    const columns = new BatchColumns();
    columns.pushHistogram(5, 1000, histogram);
    columns.pushHistogram(5, 1001, next);
    columns.pushValue(5, 1002, 0);
    setStaleAt(columns.words, 2);
    const want = frame('03 00 01 00', 9, HISTOGRAMS);
    const packed = new BatchEncoder().encode(head, columns, CODEC_NONE);
    const sealed: Sealed = { type: 'BATCH', epoch: EPOCH, stream: 1, seq: 9, ...packed };
    expect(Buffer.from(encodeSealed(sealed)).toString('hex')).toBe(want.toString('hex'));
    const into = new BatchColumns();
    expect(new BatchDecoder().decode(packed.payload, packed.codec, into)).toEqual(head);
    expect(into.histograms?.slice(0, 3)).toEqual([histogram, next]);
    expect([...into.words.subarray(0, 6)]).toEqual([...columns.words.subarray(0, 6)]);
  });

  const change: SchemaChange = {
    version: 1,
    series: [
      {
        ...{ id: 5, labels: Labels.fromObject({ __name__: 'up' }), family: 'up', type: 'gauge' },
        ...{ unit: '', help: 'h', group: 3, priority: 'A' },
      },
    ],
    tombstones: [2, 4],
    hash: { low: 1, high: 2 },
  };
  const SCHEMA = `
    01 0100000002000000
    04  08 5f5f6e616d655f5f  02 7570  00  01 68
    01  05  01 00 01  01 02 02 03  03 01
    02  02 01`;

  test('SCHEMA', () => {
    const want = frame('02 00 01 00', 8, SCHEMA);
    const packed = encodeSchema(change, CODEC_NONE);
    const sealed: Sealed = { type: 'SCHEMA', epoch: EPOCH, stream: 1, seq: 8, ...packed };
    expect(Buffer.from(encodeSealed(sealed)).toString('hex')).toBe(want.toString('hex'));
    const read = sealedOf(decodeFrame(want));
    expect(decodeSchema(read.payload, read.codec)).toEqual(change);
  });

  test('RANGE_DATA', () => {
    const want = frame('05 01 01 00', 8, `ac02 00 ${SCHEMA}`);
    const packed = encodeSchema(change, CODEC_NONE);
    const sealed: Sealed = { type: 'SCHEMA', epoch: EPOCH, stream: 1, seq: 8, ...packed };
    const bytes = encodeRangeData({ type: 'RANGE_DATA', requestId: 300, sealed }, EPOCH + 1);
    expect(Buffer.from(bytes).toString('hex')).toBe(want.toString('hex'));
    expect(decodeRangeData(decodeFrame(want))).toMatchObject({ requestId: 300 });
  });
});
