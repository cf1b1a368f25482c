import type { Registry } from 'prom-client';
import { Counter, Histogram } from 'prom-client';
import { AUDIT_OUTCOMES, type SessionMetrics } from '../ingest/index.ts';

/** Bounds of what waits for the store: a moment, or seconds where there is too much of it. */
const QUEUE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 10, 30];
/** Bounds of the way of a live sample, finest around the tenth of a second that it should take. */
const LIVE_SECONDS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 10, 60],
];

/** The names under which sessions of agents are counted. */
export function createSessionMetrics(registry: Registry): SessionMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `tidegauge_session_${name}_total`, help, labelNames, registers });
  // Added up here, as each of a counter's additions looks its labels up.
  const receivedBytes = new Map<string, number>();
  new Counter({
    name: 'tidegauge_session_received_bytes_total',
    help: 'Bytes of frames from agents.',
    labelNames: ['transport'],
    registers,
    collect() {
      for (const [transport, sizeBytes] of receivedBytes) this.inc({ transport }, sizeBytes);
      receivedBytes.clear();
    },
  });
  const refused = counter('refusals', 'Connections refused before a session.', 'code');
  const fenced = counter('fences', 'Sessions that the collector ended, by reason.', 'reason');
  const alarms = counter('alarms', 'Agents refused for what they are, by reason.', 'reason');
  const failures = counter('write_failures', 'Writes to the store that failed.');
  const samples = addedUp(registry, 'samples', 'Samples of agents stored.');
  const tooOld = addedUp(
    registry,
    'samples_too_old',
    'Samples of agents older than the store takes.',
  );
  const countRejected = rejectedByReason(registry);
  const durations = new Histogram({
    name: 'tidegauge_session_commit_seconds',
    help: 'Time to store what one agent sent at a time.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const queueTimes = queueHistogram(registry);
  const observeLive = liveTimes(registry);
  const repairs = new Histogram({
    name: 'tidegauge_gap_repair_seconds',
    help: 'From when a sealed frame was known to be missing until it was stored by repair.',
    buckets: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
    registers,
  });
  const framesRejected = counter(
    'frames_rejected',
    'Frames of agents that will never be stored as a whole, by why.',
    'reason',
  );
  const countAudit = auditsByOutcome(registry);
  return {
    repaired: (seconds) => repairs.observe(Math.max(0, seconds)),
    frameRejected: (reason) => framesRejected.inc({ reason: reason.toLowerCase() }),
    audited: countAudit,
    received: (transport, sizeBytes) => {
      receivedBytes.set(transport, (receivedBytes.get(transport) ?? 0) + sizeBytes);
    },
    refused: (code) => refused.inc({ code }),
    fenced: (reason) => fenced.inc({ reason }),
    alarm: (reason) => alarms.inc({ reason }),
    failed: () => failures.inc(),
    applied(result, { receivedMs, durationMs, nowMs, aheadMs }) {
      const { storedCount, tooOldCount, newestMs } = result;
      countRejected(result);
      samples.count += storedCount;
      tooOld.count += tooOldCount;
      durations.observe(durationMs / 1000);
      queueTimes.observe(Math.max(0, nowMs - receivedMs) / 1000);
      // By this clock, as far as it is known how the agent's differs.
      if (newestMs !== undefined) observeLive({ newestMs: newestMs - aheadMs, receivedMs, nowMs });
    },
  };
}

/** Counts audits; each outcome is there from the beginning, so that its rate is known. */
function auditsByOutcome(registry: Registry): SessionMetrics['audited'] {
  const audits = new Counter({
    name: 'tidegauge_audits_total',
    help: 'Audits of agents against the store, by what they came to.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of AUDIT_OUTCOMES) audits.inc({ outcome: outcome.toLowerCase() }, 0);
  return (outcome) => audits.inc({ outcome: outcome.toLowerCase() });
}

/** Counts what the store refused of a write. */
function rejectedByReason(
  registry: Registry,
): (result: Parameters<SessionMetrics['applied']>[0]) => void {
  const rejected = new Counter({
    name: 'tidegauge_session_samples_rejected_total',
    help: 'Samples of agents that the store refused, by why.',
    labelNames: ['reason'],
    registers: [registry],
  });
  return ({ refused }) => {
    for (const byReason of refused?.values() ?? []) {
      for (const [reason, count] of byReason) rejected.inc({ reason: reason.toLowerCase() }, count);
    }
  };
}

function queueHistogram(registry: Registry): Histogram {
  return new Histogram({
    name: 'tidegauge_session_queue_seconds',
    help: 'From when what an agent sent was read until it was stored.',
    buckets: QUEUE_SECONDS,
    registers: [registry],
  });
}

/** Where the way of live samples is observed, from their own time on. */
function liveTimes(
  registry: Registry,
): (times: { newestMs: number; receivedMs: number; nowMs: number }) => void {
  const sinceSample = (name: string, end: string): Histogram =>
    new Histogram({
      name: `tidegauge_${name}_seconds`,
      help: `From the time of a live sample, corrected by its agent's clock skew, until ${end}.`,
      buckets: LIVE_SECONDS,
      registers: [registry],
    });
  const arrival = sinceSample('arrival', 'it was read from the connection');
  const visibility = sinceSample('visibility', 'it can be queried');
  return ({ newestMs, receivedMs, nowMs }) => {
    arrival.observe(Math.max(0, receivedMs - newestMs) / 1000);
    visibility.observe(Math.max(0, nowMs - newestMs) / 1000);
  };
}

/** A counter whose additions cost nothing until it is read. */
function addedUp(registry: Registry, name: string, help: string): { count: number } {
  const sum = { count: 0 };
  new Counter({
    name: `tidegauge_session_${name}_total`,
    help,
    registers: [registry],
    collect() {
      this.inc(sum.count);
      sum.count = 0;
    },
  });
  return sum;
}
