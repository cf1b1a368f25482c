import type { MessageFields } from './message-fields.ts';
import {
  bytes,
  double,
  flag,
  hash64,
  oneOf,
  optionalUint,
  signed,
  text,
  uint,
} from './scalar-fields.ts';
import { listOf, nameList, nested, optional, uintList } from './composite-fields.ts';
import { PAYLOAD_BYTES_MAX, SEQ_RANGES_MAX, TEXT_BYTES_MAX } from './limits.ts';
import type { ControlMessage, ControlType } from './control-message.ts';
import type { PayloadCodec, Stream } from './frame-header.ts';
import type { GroupPolicy, Policy, Tolerance } from './policy.ts';
import type { LeaseReport, Rejection, RingFill, SampleCounters } from './progress-messages.ts';
import type { AuditWindow, LaneRange } from './request-messages.ts';
import type { PriorityClass } from './schema-change.ts';
import type { SeqRange } from './sealed.ts';
import type {
  LaneCredit,
  PreviousEpoch,
  StreamExtent,
  StreamMarks,
  TickMark,
} from './session-messages.ts';

const U32_MAX = 2 ** 32 - 1;
const STREAM_MAX = 1;
const LANE_MAX = 4;
const CODEC_MAX = 2;
const CODECS_MAX = 8;
const NAME_BYTES_MAX = 256;
const GROUPS_MAX = 1024;
const EPOCHS_MAX = 32;
const LEASES_MAX = 256;
const AUDIT_WINDOWS_MAX = 64;
const CAPABILITIES_MAX = 64;
/** Beside the data: ids, kinds, the keys of fields. */
const CHUNK_OVERHEAD_BYTES = 64;

/** What one READ_CHUNK may carry, so that it fits a frame even if nothing compresses. */
export const READ_CHUNK_BYTES_MAX = PAYLOAD_BYTES_MAX - CHUNK_OVERHEAD_BYTES;

export const PRIORITY_CLASSES: readonly [PriorityClass, ...PriorityClass[]] = ['B', 'A', 'C'];

/** Fields of each message beside its type, which is in the header. */
export type ControlContents = {
  readonly [M in ControlMessage as M['type']]: Omit<M, 'type'>;
};

const seqRange: MessageFields<SeqRange> = { from: uint(1), to: uint(2) };

function seqRanges(tag: number) {
  return listOf(nested(tag, seqRange), SEQ_RANGES_MAX, (ranges) => {
    let before = -1;
    for (const { from, to } of ranges) {
      if (from === 0 || to < from) return `range ${from} to ${to}`;
      if (from <= before + 1) return `range from ${from} after one to ${before}`;
      before = to;
    }
    return undefined;
  });
}

const stream = (tag: number) => uint<Stream>(tag, STREAM_MAX);

const streamExtent: MessageFields<StreamExtent> = {
  stream: stream(1),
  firstRetained: uint(2),
  lastSeq: uint(3),
};
const previousEpoch: MessageFields<PreviousEpoch> = {
  epoch: uint(1),
  streams: listOf(nested(2, streamExtent), STREAM_MAX + 1),
  nonce: optionalUint(3),
  sealedMs: optionalUint(4),
};
const streamMarks: MessageFields<StreamMarks> = {
  stream: stream(1),
  cumReceived: uint(2),
  cumDurable: uint(3),
  sack: seqRanges(4),
  missing: seqRanges(5),
};
const laneCredit: MessageFields<LaneCredit> = { lane: uint(1, LANE_MAX), offsetBytes: uint(2) };
const tickMark: MessageFields<TickMark> = { group: uint(1, U32_MAX), tick: uint(2) };
const ringFill: MessageFields<RingFill> = {
  usedBytes: uint(1),
  limitBytes: uint(2),
  oldestMs: signed(3),
};
const sampleCounters: MessageFields<SampleCounters> = {
  scheduled: uint(1),
  present: uint(2),
  suppressed: uint(3),
  shed: uint(4),
  failed: uint(5),
};
const leaseReport: MessageFields<LeaseReport> = {
  leaseId: uint(1),
  state: oneOf(2, ['ACTIVE', 'REFUSED', 'ENDED']),
  remainingMs: uint(3),
  requestId: uint(4),
  reason: text(5, TEXT_BYTES_MAX),
  intervalMs: uint(6),
  seriesCount: uint(7),
};
const laneRange: MessageFields<LaneRange> = { stream: stream(1), from: uint(2), to: uint(3) };
const auditWindow: MessageFields<AuditWindow> = {
  minTime: signed(1),
  maxTime: signed(2),
  count: uint(3),
  hash: hash64(4),
  ranges: listOf(nested(5, laneRange), SEQ_RANGES_MAX),
};
const rejection: MessageFields<Rejection> = {
  stream: stream(1),
  seq: uint(2),
  reason: oneOf(3, [
    ...(['FORMAT', 'LIMIT', 'SCHEMA', 'FORBIDDEN', 'OUT_OF_BOUNDS'] as const),
    ...(['OUT_OF_ORDER', 'CONFLICT'] as const),
  ]),
  samples: uint(4),
};
const tolerance: MessageFields<Tolerance> = {
  id: uint(1, U32_MAX),
  kind: oneOf(2, ['ABSOLUTE', 'RELATIVE', 'QUANTUM']),
  value: double(3),
};
const groupPolicy: MessageFields<GroupPolicy> = {
  group: uint(1, U32_MAX),
  name: text(2, NAME_BYTES_MAX),
  selector: text(3, TEXT_BYTES_MAX),
  intervalMs: uint(4),
  anchorMs: signed(5),
  mode: oneOf(6, ['SAMPLE', 'ON_CHANGE', 'TARGET_DEFINED']),
  toleranceId: uint(7, U32_MAX),
  priority: oneOf(8, PRIORITY_CLASSES),
  batchTicks: uint(9, U32_MAX),
  syncTicks: uint(10, U32_MAX),
  dampeningMs: uint(11),
};
const policy: MessageFields<Policy> = {
  version: uint(1),
  groups: listOf(nested(2, groupPolicy), GROUPS_MAX),
  tolerances: listOf(nested(3, tolerance), GROUPS_MAX),
  shedOrder: nameList(4, PRIORITY_CLASSES, PRIORITY_CLASSES.length),
  hash: hash64(5),
};

const extents = (tag: number) => listOf(nested(tag, streamExtent), STREAM_MAX + 1);
const previous = (tag: number) => listOf(nested(tag, previousEpoch), EPOCHS_MAX);
const ticks = (tag: number) => listOf(nested(tag, tickMark), GROUPS_MAX);
const codecs = (tag: number) => uintList<PayloadCodec>(tag, CODEC_MAX, CODECS_MAX);
const credit = (tag: number) => listOf(nested(tag, laneCredit), LANE_MAX + 1);
const marks = (tag: number) => listOf(nested(tag, streamMarks), STREAM_MAX + 1);

/** The fields of every control frame; docs/formats/tide-v1.proto has them in protobuf's words. */
export const MESSAGE_FIELDS: {
  readonly [T in ControlType]: MessageFields<ControlContents[T]>;
} = {
  HELLO: {
    agentId: text(1, NAME_BYTES_MAX, 1),
    nonce: uint(2),
    agentVersion: text(3, NAME_BYTES_MAX),
    bootReason: oneOf(4, ['START', 'CRASH', 'UPGRADE', 'RECONNECT']),
    clockMs: signed(5),
    codecs: codecs(6),
    capabilities: listOf(text(7, NAME_BYTES_MAX, 1), CAPABILITIES_MAX),
    streams: extents(8),
    previous: previous(9),
    schemaVersion: uint(10),
    schemaHash: hash64(11),
    policyVersion: uint(12),
    groups: listOf(nested(13, groupPolicy), GROUPS_MAX),
    ticks: ticks(14),
  },
  HEARTBEAT: {
    clockMs: signed(1),
    streams: extents(2),
    previous: previous(3),
    ticks: ticks(4),
    ring: nested(5, ringFill),
    counters: nested(6, sampleCounters),
    cpuMs: uint(7),
    rssBytes: uint(8),
    policyVersion: uint(9),
    policyHash: hash64(10),
    schemaVersion: uint(11),
    schemaHash: hash64(12),
    leases: listOf(nested(13, leaseReport), LEASES_MAX),
    serverTimeMs: signed(14),
    serverAgeMs: uint(15),
  },
  RANGE_GONE: {
    requestId: uint(1),
    epoch: uint(2),
    stream: stream(3),
    ranges: seqRanges(4),
    reason: oneOf(5, ['EVICTED', 'DAMAGED', 'NEVER_SEALED', 'BUDGET', 'DEADLINE']),
  },
  READ_CHUNK: {
    requestId: uint(1),
    index: uint(2),
    content: oneOf(3, ['BATCH', 'TEXT', 'JSON']),
    data: bytes(4, READ_CHUNK_BYTES_MAX),
  },
  READ_END: {
    requestId: uint(1),
    status: oneOf(2, [
      ...(['OK', 'DENIED', 'NOT_FOUND', 'TIMEOUT'] as const),
      ...(['BUDGET', 'CANCELED', 'BUSY', 'FAILED'] as const),
    ]),
    message: text(3, TEXT_BYTES_MAX),
    chunkCount: uint(4),
    contentType: text(5, NAME_BYTES_MAX),
    clockMs: signed(6),
  },
  AUDIT_RESULT: {
    requestId: uint(1),
    group: uint(2, U32_MAX),
    retainedFrom: signed(3),
    windows: listOf(nested(4, auditWindow), AUDIT_WINDOWS_MAX),
  },
  BYE: {
    reason: oneOf(1, ['DONE', 'UPGRADE', 'SCALE_IN', 'SHUTDOWN']),
    streams: extents(2),
    ticks: ticks(3),
  },
  CERTIFICATE_REQUEST: { request: bytes(1, TEXT_BYTES_MAX) },
  BLOCKED: { stream: stream(1), offsetBytes: uint(2) },
  WELCOME: {
    sessionId: text(1, NAME_BYTES_MAX, 1),
    serverTimeMs: signed(2),
    heartbeatMs: uint(3),
    reconnectSpreadMs: uint(4),
    codecs: codecs(5),
    streams: marks(6),
    credit: credit(7),
    schemaVersion: uint(8),
    policy: optional(nested(9, policy)),
    redirect: optional(text(10, TEXT_BYTES_MAX)),
    capabilities: listOf(text(11, NAME_BYTES_MAX, 1), CAPABILITIES_MAX),
  },
  ACK: {
    streams: marks(1),
    credit: credit(2),
    queueDelayMs: uint(3),
    serverTimeMs: signed(4),
    echoMs: signed(5),
    rejections: listOf(nested(6, rejection), SEQ_RANGES_MAX),
  },
  POLICY: { policy: nested(1, policy) },
  PULL_RANGE: {
    requestId: uint(1),
    epoch: uint(2),
    stream: stream(3),
    ranges: seqRanges(4),
    budgetBytes: uint(5),
    timeoutMs: uint(6),
    nonce: optionalUint(7),
  },
  READ: {
    requestId: uint(1),
    kind: oneOf(2, ['INSTANT', 'RANGE', 'FUNCTION', 'EXPOSITION']),
    selector: text(3, TEXT_BYTES_MAX),
    minTime: signed(4),
    maxTime: signed(5),
    resolutionMs: uint(6),
    budgetBytes: uint(7),
    timeoutMs: uint(8),
    accept: text(9, TEXT_BYTES_MAX),
    cancel: flag(10),
  },
  LEASE: {
    leaseId: uint(1),
    selector: text(2, TEXT_BYTES_MAX),
    intervalMs: uint(3),
    predicate: text(4, TEXT_BYTES_MAX),
    ttlMs: uint(5),
    samplesPerSecondMax: uint(6),
    requestId: uint(7),
  },
  AUDIT: {
    requestId: uint(1),
    group: uint(2, U32_MAX),
    minTime: signed(3),
    maxTime: signed(4),
    parts: uint(5, AUDIT_WINDOWS_MAX),
  },
  FENCE: {
    reason: oneOf(1, ['SUPERSEDED', 'CLONED', 'REVOKED', 'PROTOCOL', 'LIMIT', 'LEAVING']),
    message: text(2, TEXT_BYTES_MAX),
    currentEpoch: uint(3),
    retryAfterMs: optionalUint(4),
  },
  CERTIFICATE: {
    certificatePem: text(1, TEXT_BYTES_MAX, 1),
    authorityPem: text(2, TEXT_BYTES_MAX),
  },
};
