import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import { AUDIT_OUTCOMES, type SessionMetrics, type SessionServer } from '../ingest/index.ts';
import {
  addTerms,
  imbalance,
  noSealed,
  noTerms,
  ratio,
  type SealedCounts,
  sealedCounts,
  type Terms,
} from '../sources/index.ts';
import type { Clock } from '../util/index.ts';

/** Bounds of what waits for the store: a moment, or seconds where there is too much of it. */
const QUEUE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 10, 30];
/** Bounds of the way of a live sample, finest around the tenth of a second that it should take. */
const LIVE_SECONDS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75],
  ...[1, 2.5, 5, 10, 60],
];

/** The names under which sessions of agents are counted. */
export function createAgentMetrics(registry: Registry): SessionMetrics {
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
  const audits = new Counter({
    name: 'tidegauge_audits_total',
    help: 'Audits of agents against the store, by what they came to.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of AUDIT_OUTCOMES) audits.inc({ outcome: outcome.toLowerCase() }, 0);
  return {
    repaired: (seconds) => repairs.observe(Math.max(0, seconds)),
    audited: (outcome) => audits.inc({ outcome: outcome.toLowerCase() }),
    received: (transport, sizeBytes) => {
      receivedBytes.set(transport, (receivedBytes.get(transport) ?? 0) + sizeBytes);
    },
    refused: (code) => refused.inc({ code }),
    fenced: (reason) => fenced.inc({ reason }),
    alarm: (reason) => alarms.inc({ reason }),
    failed: () => failures.inc(),
    applied(result, { receivedMs, durationMs, nowMs }) {
      const { storedCount, tooOldCount, newestMs } = result;
      countRejected(result);
      samples.count += storedCount;
      tooOld.count += tooOldCount;
      durations.observe(durationMs / 1000);
      queueTimes.observe(Math.max(0, nowMs - receivedMs) / 1000);
      if (newestMs !== undefined) observeLive({ newestMs, receivedMs, nowMs });
    },
  };
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
      help: `From the time of a live sample, by the clock of its agent, until ${end}.`,
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

/** What the ledgers of all agents add up to. */
interface Sums {
  readonly terms: Terms;
  readonly sealed: SealedCounts;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly imbalance: number;
  readonly completeThroughMs: number | undefined;
}

/** Time for which sums are not made anew: one scrape asks for them many times. */
const SUMS_MS = 500;

const COUNTED_TERMS = [
  ...(['scheduled', 'stored', 'suppressed', 'shed', 'failed'] as const),
  ...(['rejected', 'degraded', 'lost', 'down'] as const),
];

/** Metrics whose values are read when they are asked for. */
class Readings {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `tidegauge_${name}`,
      help,
      registers: this.#registers,
      collect() {
        this.set(read());
      },
    });
  }

  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name: `tidegauge_${name}_total`,
      help,
      registers: this.#registers,
      collect() {
        this.reset();
        this.inc(Math.max(0, read()));
      },
    });
  }
}

/** The conservation law's terms over all agents; single agents are what the API is for. */
export function registerLedgerMetrics(
  registry: Registry,
  sessions: SessionServer,
  clock: Clock,
): void {
  const sums = cached(() => sumUp(sessions, clock.now()), clock);
  const readings = new Readings(registry);
  registerTerms(readings, sums);
  registerSessions(readings, sessions);
  registerWatermark(readings, sums, clock);
  new Gauge({
    name: 'tidegauge_completeness_ratio',
    help: 'Share of what was wanted (intent), and of what was sent (transport), that is here.',
    labelNames: ['scope'],
    registers: [registry],
    collect() {
      const { terms, sealed } = sums();
      const intent = ratio(terms.stored + terms.suppressed, terms.scheduled);
      this.set({ scope: 'intent' }, intent);
      this.set({ scope: 'transport' }, ratio(sealed.durable, sealed.sealed));
    },
  });
}

function registerTerms(readings: Readings, sums: () => Sums): void {
  // Lost and down go back where data comes after all: to a reader of counters, a reset.
  for (const term of COUNTED_TERMS) {
    readings.counter(`samples_${term}`, `Samples of agents: ${term}.`, () => sums().terms[term]);
  }
  readings.gauge(
    'samples_missing',
    'Samples not here and not given up.',
    () => sums().terms.missing,
  );
  readings.gauge(
    'samples_in_flight',
    'Samples received, not durable.',
    () => sums().terms.inFlight,
  );
  readings.gauge(
    'ledger_imbalance',
    'Sum of what each ledger cannot explain; always 0.',
    () => sums().imbalance,
  );
  readings.counter('duplicate_frames', 'Frames that came again.', () => sums().duplicates);
  readings.counter(
    'conflicting_samples',
    'Samples with another value stored.',
    () => sums().conflicts,
  );
  readings.gauge('gaps_open', 'Sealed frames missing.', () => sums().sealed.missing);
  readings.counter(
    'gaps_repaired',
    'Sealed frames that came by repair.',
    () => sums().sealed.repaired,
  );
  readings.counter('gaps_lost', 'Sealed frames that are lost.', () => sums().sealed.lost);
}

function registerSessions(readings: Readings, sessions: SessionServer): void {
  readings.gauge(
    'repair_window_seconds',
    'How far back the store takes samples of agents.',
    () => sessions.horizon.windowMs / 1000,
  );
  readings.gauge(
    'repair_ring_seconds',
    'How far back the ring that reaches furthest holds samples.',
    () => sessions.horizon.ringMs / 1000,
  );
  readings.gauge('live_agents', 'Agents with a session.', () => live(sessions));
  readings.gauge(
    'expected_agents',
    'Agents that have not left and are not declared gone.',
    () => sessions.entries().filter(({ gone }) => !gone).length,
  );
  readings.gauge(
    'session_in_flight_bytes',
    'Memory of batches not stored.',
    () => sessions.inFlightBytes,
  );
  readings.gauge(
    'session_queue_delay_seconds',
    'Age of the oldest batch that is not stored.',
    () => sessions.queueDelayMs() / 1000,
  );
}

function registerWatermark(readings: Readings, sums: () => Sums, clock: Clock): void {
  readings.gauge(
    'complete_through_timestamp_seconds',
    'Watermark over agents; 0: no agent.',
    () => (sums().completeThroughMs ?? 0) / 1000,
  );
  readings.gauge('watermark_lag_seconds', 'Time since the watermark; 0: no agent.', () => {
    const throughMs = sums().completeThroughMs;
    return throughMs === undefined ? 0 : (clock.now() - throughMs) / 1000;
  });
}

function live(sessions: SessionServer): number {
  return sessions.entries().filter(({ connection }) => connection !== undefined).length;
}

function sumUp(sessions: SessionServer, nowMs: number): Sums {
  const terms = noTerms();
  const sealed = noSealed();
  let duplicates = 0;
  let conflicts = 0;
  let unexplained = 0;
  let completeThroughMs: number | undefined;
  for (const { agentId, conflictCount, gone } of sessions.entries()) {
    const ledger = sessions.ledger(agentId);
    if (ledger === undefined) continue;
    const own = ledger.terms(nowMs);
    addTerms(terms, own);
    unexplained += Math.abs(imbalance(own));
    const counts = sealedCounts(ledger);
    for (const key of Object.keys(sealed) as (keyof SealedCounts)[]) sealed[key] += counts[key];
    duplicates += sessions.duplicateCount(agentId);
    conflicts += conflictCount;
    const throughMs = gone ? undefined : ledger.completeThroughMs(nowMs);
    if (throughMs !== undefined) {
      completeThroughMs = Math.min(completeThroughMs ?? Infinity, throughMs);
    }
  }
  return { terms, sealed, duplicates, conflicts, imbalance: unexplained, completeThroughMs };
}

function cached(make: () => Sums, clock: Clock): () => Sums {
  let held: { readonly sums: Sums; readonly atMs: number } | undefined;
  return () => {
    const nowMs = clock.monotonic();
    if (held === undefined || nowMs - held.atMs > SUMS_MS) held = { sums: make(), atMs: nowMs };
    return held.sums;
  };
}
