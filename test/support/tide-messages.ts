import type {
  CoverageEntry,
  Heartbeat,
  Hello,
  Sealed,
  StreamExtent,
  Welcome,
} from '../../src/formats/tide/index.ts';

/** Messages of a session as tests need them: right in every field, and changed where told. */

const NO_STREAMS: readonly StreamExtent[] = [
  { stream: 0, firstRetained: 1, lastSeq: 0 },
  { stream: 1, firstRetained: 1, lastSeq: 0 },
];

export function liveExtent(firstRetained: number, lastSeq: number): StreamExtent[] {
  return [
    { stream: 0, firstRetained: 1, lastSeq: 0 },
    { stream: 1, firstRetained, lastSeq },
  ];
}

export function helloMessage(more: Partial<Hello> = {}): Hello {
  return {
    type: 'HELLO',
    agentId: 'a',
    nonce: 7,
    agentVersion: '0',
    bootReason: 'START',
    clockMs: 0,
    codecs: [0],
    capabilities: [],
    streams: NO_STREAMS,
    previous: [],
    ticks: [],
    schemaVersion: 0,
    schemaHash: { low: 0, high: 0 },
    policyVersion: 0,
    groups: [],
    ...more,
  };
}

export function heartbeatMessage(more: Partial<Heartbeat> = {}): Heartbeat {
  return {
    type: 'HEARTBEAT',
    clockMs: 1,
    streams: NO_STREAMS,
    previous: [],
    ticks: [],
    ring: { usedBytes: 0, limitBytes: 0, oldestMs: 0 },
    counters: { scheduled: 0, present: 0, suppressed: 0, shed: 0, failed: 0 },
    cpuMs: 0,
    rssBytes: 0,
    policyVersion: 0,
    policyHash: { low: 0, high: 0 },
    schemaVersion: 0,
    schemaHash: { low: 0, high: 0 },
    leases: [],
    serverTimeMs: 0,
    serverAgeMs: 0,
    ...more,
  };
}

export function welcomeMessage(more: Partial<Welcome> = {}): Welcome {
  return {
    type: 'WELCOME',
    sessionId: 's',
    serverTimeMs: 0,
    heartbeatMs: 1000,
    reconnectSpreadMs: 0,
    codecs: [0],
    streams: [],
    credit: [0, 1, 2, 4].map((lane) => ({ lane: lane as 0 | 1 | 2 | 4, offsetBytes: 100_000 })),
    schemaVersion: 0,
    policy: undefined,
    redirect: undefined,
    capabilities: [],
    ...more,
  };
}

export function sealedBatch(seq: number, more: Partial<Sealed> = {}): Sealed {
  const payload = Uint8Array.of(seq);
  return { type: 'BATCH', epoch: 100, stream: 1, seq, codec: 0, payload, ...more };
}

/** All of ten series at one tick. */
export function fullTick(tick: number): CoverageEntry {
  return {
    group: 1,
    tickFrom: tick,
    tickTo: tick,
    status: 'FULL',
    toleranceId: 0,
    reason: 'NONE',
    part: 0,
    parts: 1,
    seriesCount: 10,
    presentCount: 10,
    suppressedCount: 0,
    shedCount: 0,
    failedCount: 0,
  };
}
