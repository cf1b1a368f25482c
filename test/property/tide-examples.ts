import type {
  ControlMessage,
  GroupPolicy,
  Policy,
  StreamMarks,
} from '../../src/formats/tide/index.ts';

const hash = { low: 0x89abcdef, high: 0x01234567 };
const time = 1_760_000_000_000;

const group: GroupPolicy = {
  ...{ group: 7, name: 'host', selector: '{job="host"}', intervalMs: 1000, anchorMs: time },
  ...{ mode: 'ON_CHANGE', toleranceId: 2, priority: 'A', batchTicks: 10, syncTicks: 60 },
  dampeningMs: 250,
};
const policy: Policy = {
  version: 3,
  groups: [group, { ...group, group: 8, name: 'Ünïcode', mode: 'SAMPLE', toleranceId: 0 }],
  tolerances: [{ id: 2, kind: 'RELATIVE', value: 0.01 }],
  shedOrder: ['C', 'B', 'A'],
  hash,
};
const streams = [
  { stream: 0, firstRetained: 1, lastSeq: 4 },
  { stream: 1, firstRetained: 900, lastSeq: 2 ** 40 },
] as const;
const marks: StreamMarks = {
  ...{ stream: 1, cumReceived: 50, cumDurable: 48 },
  sack: [
    { from: 52, to: 52 },
    { from: 60, to: 99 },
  ],
  missing: [{ from: 51, to: 51 }],
};
const ticks = [{ group: 7, tick: 1_760_000_000 }];
const previous = [{ epoch: 41, streams: [streams[0]], nonce: 7, sealedMs: time - 9 }];
const credit = [{ lane: 1, offsetBytes: 1_048_576 }] as const;

/** A message of every type, no field at its default. */
export const MESSAGES: readonly ControlMessage[] = [
  {
    ...{ type: 'HELLO', agentId: 'a-1', nonce: 2 ** 53 - 1, agentVersion: '0.2.0' },
    ...{ bootReason: 'CRASH', clockMs: time, codecs: [0, 1, 2], capabilities: ['events', 'x'] },
    ...{ streams, previous, schemaVersion: 5, schemaHash: hash, policyVersion: 3 },
    groups: [group],
    ticks,
  },
  {
    ...{ type: 'HEARTBEAT', clockMs: time, streams, previous, ticks, cpuMs: 1234 },
    ring: { usedBytes: 10, limitBytes: 1000, oldestMs: time - 1 },
    counters: { scheduled: 10, present: 4, suppressed: 3, shed: 2, failed: 1 },
    ...{ rssBytes: 5e7, policyVersion: 3, policyHash: hash, schemaVersion: 5, schemaHash: hash },
    leases: [
      {
        ...{ leaseId: 9, state: 'ENDED', remainingMs: 10, requestId: 11, reason: 'no' },
        ...{ intervalMs: 100, seriesCount: 3 },
      },
    ],
    ...{ serverTimeMs: time + 7, serverAgeMs: 4990 },
  },
  {
    ...{ type: 'RANGE_GONE', requestId: 4, epoch: 41, stream: 1, reason: 'DAMAGED' },
    ranges: [
      { from: 1, to: 3 },
      { from: 5, to: 2 ** 53 - 1 },
    ],
  },
  {
    ...{ type: 'READ_CHUNK', requestId: 4, index: 1, content: 'TEXT' },
    data: new Uint8Array([0, 1, 255]),
  },
  {
    ...{ type: 'READ_END', requestId: 4, status: 'BUDGET', message: 'too long', chunkCount: 2 },
    ...{ contentType: 'text/plain', clockMs: time },
  },
  {
    ...{ type: 'AUDIT_RESULT', requestId: 4, group: 7, retainedFrom: -5 },
    windows: [
      { minTime: -1000, maxTime: time, count: 3, hash, ranges: [{ stream: 1, from: 2, to: 9 }] },
    ],
  },
  { type: 'BYE', reason: 'SCALE_IN', streams, ticks },
  { type: 'CERTIFICATE_REQUEST', request: new Uint8Array([48, 0]) },
  { type: 'BLOCKED', stream: 1, offsetBytes: 70_000 },
  {
    ...{ type: 'WELCOME', sessionId: 's', serverTimeMs: time, heartbeatMs: 5000 },
    ...{ reconnectSpreadMs: 100, codecs: [1], streams: [marks], credit, schemaVersion: 5, policy },
    redirect: 'wss://other.example/tide/v1',
    capabilities: ['histograms'],
  },
  {
    ...{ type: 'ACK', streams: [marks], credit, queueDelayMs: 12, serverTimeMs: time },
    ...{ echoMs: time - 5, rejections: [{ stream: 1, seq: 7, reason: 'SCHEMA', samples: 3 }] },
  },
  { type: 'POLICY', policy },
  {
    ...{ type: 'PULL_RANGE', requestId: 4, epoch: 42, stream: 1, budgetBytes: 1e6, timeoutMs: 900 },
    ranges: [{ from: 7, to: 7 }],
    nonce: 8,
  },
  {
    ...{ type: 'READ', requestId: 4, kind: 'RANGE', selector: 'up', minTime: 1, maxTime: time },
    ...{ resolutionMs: 100, budgetBytes: 1e6, timeoutMs: 900, accept: 'text/plain', cancel: true },
  },
  {
    ...{ type: 'LEASE', leaseId: 9, selector: 'up', intervalMs: 100, predicate: 'p', ttlMs: 60000 },
    ...{ samplesPerSecondMax: 5000, requestId: 11 },
  },
  { type: 'AUDIT', requestId: 4, group: 7, minTime: -1, maxTime: time, parts: 64 },
  { type: 'FENCE', reason: 'CLONED', message: 'm', currentEpoch: 43, retryAfterMs: 0 },
  { type: 'CERTIFICATE', certificatePem: 'c', authorityPem: 'a' },
];
