import type { Lease, LeaseReport, LeaseState } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import { parseSelector, selects } from '../reads/selector.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import type { GroupRunner } from './group-runner.ts';

/** However long a collector asks for: it can ask again. */
const TTL_MS_MAX = 3_600_000;
const INTERVAL_MS_MIN = 20;
/** Leases that have ended and are still reported. */
const ENDED_KEPT = 16;
const REASON_LENGTH_MAX = 200;

export interface LeaseBookOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly table: SeriesTable;
  /** Of all leases together, whatever collectors ask for. */
  readonly samplesPerSecondMax: number;
  readonly leasesMax: number;
  runners(): readonly GroupRunner[];
}

interface ActiveLease {
  readonly lease: Lease;
  readonly endMs: number;
  readonly intervalMs: number;
  readonly seriesCount: number;
  readonly stop: () => void;
}

/**
 * Temporary resolution. A lease ends when its time is over, by the agent's own timer, whether or
 * not any collector is there to end it; and all leases together stay below the agent's own cap.
 */
export class LeaseBook {
  readonly #options: LeaseBookOptions;
  readonly #active = new Map<number, ActiveLease>();
  #ended: LeaseReport[] = [];

  constructor(options: LeaseBookOptions) {
    this.#options = options;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** What heartbeats say: those that are active, and those that ended last. */
  reports(): LeaseReport[] {
    const nowMs = this.#options.clock.monotonic();
    const active = [...this.#active.values()].map((one) => {
      return reportOf(one.lease, 'ACTIVE', { ...one, remainingMs: one.endMs - nowMs });
    });
    return [...active, ...this.#ended];
  }

  take(lease: Lease): void {
    this.#active.get(lease.leaseId)?.stop();
    if (lease.ttlMs <= 0) {
      this.#report(reportOf(lease, 'ENDED'));
      return;
    }
    try {
      const problem = this.#begin(lease);
      if (problem !== undefined) this.#refuse(lease, problem);
    } catch (error) {
      this.#refuse(lease, messageOf(error));
    }
  }

  stopAll(): void {
    for (const { stop } of [...this.#active.values()]) stop();
  }

  /** Why it cannot be; undefined when it began. */
  #begin(lease: Lease): string | undefined {
    const { clock, table, leasesMax, samplesPerSecondMax } = this.#options;
    if (lease.predicate !== '') return 'predicates are not known here';
    if (lease.intervalMs <= 0) return 'no interval';
    if (this.#active.size >= leasesMax) return `${leasesMax} leases are active`;
    const matchers = parseSelector(lease.selector);
    const wanted = new Set<number>();
    for (const { id, labels } of table) if (selects(matchers, labels)) wanted.add(id);
    const runners = this.#options
      .runners()
      .filter(({ sampler }) => sampler.liveIds.some((id) => wanted.has(id)));
    const live = runners.flatMap(({ sampler }) => sampler.liveIds.filter((id) => wanted.has(id)));
    if (live.length === 0) return 'no series matches';
    let usedPerSecond = 0;
    for (const one of this.#active.values()) {
      usedPerSecond += (1000 * one.seriesCount) / one.intervalMs;
    }
    const asked = lease.samplesPerSecondMax > 0 ? lease.samplesPerSecondMax : Infinity;
    const capPerSecond = Math.min(asked, samplesPerSecondMax - usedPerSecond);
    if (capPerSecond <= 0) return `leases use all of ${samplesPerSecondMax} samples/s`;
    const cappedMs = Math.ceil((1000 * live.length) / capPerSecond);
    const intervalMs = Math.max(INTERVAL_MS_MIN, lease.intervalMs, cappedMs);
    const ttlMs = Math.min(TTL_MS_MAX, lease.ttlMs);
    this.#active.set(lease.leaseId, {
      lease,
      endMs: clock.monotonic() + ttlMs,
      intervalMs,
      seriesCount: live.length,
      stop: this.#run(lease, { runners, wanted, intervalMs, ttlMs }),
    });
    return undefined;
  }

  #run(
    lease: Lease,
    {
      runners,
      wanted,
      intervalMs,
      ttlMs,
    }: {
      readonly runners: readonly GroupRunner[];
      readonly wanted: ReadonlySet<number>;
      readonly intervalMs: number;
      readonly ttlMs: number;
    },
  ): () => void {
    const { clock } = this.#options;
    let cancelNext: CancelTimer = () => {};
    const read = (): void => {
      for (const runner of runners) void runner.readBetween((id) => wanted.has(id));
      cancelNext = clock.setTimer(intervalMs, read);
    };
    cancelNext = clock.setTimer(intervalMs, read);
    const end = (): void => {
      cancelNext();
      cancelEnd();
      const ended = this.#active.get(lease.leaseId);
      if (!this.#active.delete(lease.leaseId)) return;
      this.#report(reportOf(lease, 'ENDED', ended));
    };
    const cancelEnd = clock.setTimer(ttlMs, end);
    return end;
  }

  #refuse(lease: Lease, problem: string): void {
    this.#options.logger.warn({ leaseId: lease.leaseId, problem }, 'a lease was refused');
    this.#report(reportOf(lease, 'REFUSED', { reason: problem.slice(0, REASON_LENGTH_MAX) }));
  }

  #report(report: LeaseReport): void {
    this.#ended = [...this.#ended.filter(({ leaseId }) => leaseId !== report.leaseId), report];
    this.#ended = this.#ended.slice(-ENDED_KEPT);
  }
}

function reportOf(
  { leaseId, requestId }: Lease,
  state: LeaseState,
  {
    remainingMs = 0,
    reason = '',
    intervalMs = 0,
    seriesCount = 0,
  }: Partial<Omit<LeaseReport, 'leaseId' | 'requestId' | 'state'>> = {},
): LeaseReport {
  return {
    ...{ leaseId, requestId, state, reason, intervalMs, seriesCount },
    remainingMs: Math.max(0, Math.round(remainingMs)),
  };
}
