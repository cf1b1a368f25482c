import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { SessionServer } from '../ingest/index.ts';
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
import { Readings } from './readings.ts';

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
  const clocks = () =>
    sessions
      .entries()
      .filter(({ connection }) => connection !== undefined)
      .map(({ agentId }) => sessions.clockOf(agentId));
  readings.gauge(
    'skewed_agents',
    "Agents with a session whose clock is apart from this one's by more than clock_skew_warn_ms.",
    () => clocks().filter((clock) => clock?.isApart === true).length,
  );
  readings.gauge(
    'clock_skew_max_seconds',
    "How far the clock of an agent is apart from this one's, at least: the largest.",
    () => clocks().reduce((most, clock) => Math.max(most, clock?.apartMs ?? 0), 0) / 1000,
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
