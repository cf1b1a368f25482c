import type { RejectReason } from '../../formats/tide/index.ts';
import { formatDuration } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';

export interface RefusalNoticesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The refused samples of one commit. */
export interface RefusedSamples {
  readonly counts: ReadonlyMap<RejectReason, number>;
  /** Of the newest sample of the commit; undefined for none. */
  readonly newestMs: number | undefined;
}

type Reason = RejectReason | 'AHEAD' | 'TOO_OLD' | `FRAME_${RejectReason}`;

interface Notice {
  readonly text: string;
  readonly want: string;
}

const VERSIONS = 'an agent and a collector of versions that go together';

/** Of reasons that need no look at anything else. What is too old is `RepairHorizon`'s to say. */
const NOTICES: Readonly<Partial<Record<RejectReason, Notice>>> = {
  CONFLICT: {
    text: 'samples of an agent contradict what is stored, and were rejected',
    want: 'one sender for each series',
  },
  LIMIT: {
    text: 'an agent has more series than it may: samples of the others are rejected',
    want:
      'fewer series, or a larger tidegauge.agents.max_series_per_agent, ' +
      'tidegauge.storage.max_series or max_series_per_source',
  },
  SCHEMA: {
    text: 'samples of an agent are of series that no schema names, or two: they were rejected',
    want: VERSIONS,
  },
  FORBIDDEN: {
    text: "samples of an agent are of series that are the collector's own, and were rejected",
    want: 'another job name there than tidegauge-agent for what has up or tidegauge_alive',
  },
};

const SECOND_MS = 1000;

/** Says of each agent whose samples the store refuses why it does, once for each reason. */
export class RefusalNotices {
  readonly #options: RefusalNoticesOptions;
  readonly #told = new Map<string, Set<Reason>>();

  constructor(options: RefusalNoticesOptions) {
    this.#options = options;
  }

  /** What a commit came to. */
  rejected(agentId: string, { counts, newestMs }: RefusedSamples): void {
    for (const [reason, count] of counts) {
      const notice = NOTICES[reason];
      if (notice !== undefined) this.#tell(agentId, reason, { count, ...notice });
      else if (reason === 'OUT_OF_BOUNDS') this.#outOfBounds(agentId, count, newestMs);
    }
  }

  /** A frame was refused as a whole; `fault` is what is wrong with it. */
  rejectedFrame(agentId: string, reason: RejectReason, fault: string): void {
    const text = 'a frame of an agent will never be stored; more of the kind is only counted';
    this.#tell(agentId, `FRAME_${reason}`, { reason, fault, want: VERSIONS, text });
  }

  /** The agent has left. */
  forget(agentId: string): void {
    this.#told.delete(agentId);
  }

  #outOfBounds(agentId: string, count: number, newestMs: number | undefined): void {
    const aheadMs = newestMs === undefined ? 0 : newestMs - this.#options.clock.now();
    if (aheadMs <= 0) {
      this.#tell(agentId, 'TOO_OLD', {
        ...{ count, want: 'a right clock there, or a larger tidegauge.storage.retention' },
        text: 'samples of an agent are older than the retention, and were rejected',
      });
      return;
    }
    this.#tell(agentId, 'AHEAD', {
      ahead: formatDuration(Math.max(SECOND_MS, Math.floor(aheadMs / SECOND_MS) * SECOND_MS)),
      ...{ count, want: 'both clocks right, or a larger tidegauge.storage.max_future' },
      text: "samples of an agent are too far ahead of this host's clock, and were rejected",
    });
  }

  #tell(
    agentId: string,
    reason: Reason,
    { text, ...fields }: Notice & Readonly<Record<string, string | number>>,
  ): void {
    const told = this.#told.get(agentId) ?? new Set();
    if (told.has(reason)) return;
    this.#told.set(agentId, told.add(reason));
    this.#options.logger.warn({ agentId, ...fields }, text);
  }
}
