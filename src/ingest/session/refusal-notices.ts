import { formatDuration } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { WriteResult } from './batch-fill.ts';

export interface RefusalNoticesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is said of the refused samples of one commit. */
export type RefusedSamples = Pick<
  WriteResult,
  'conflictCount' | 'outOfBoundsCount' | 'noSeriesCount' | 'newestMs'
>;

type Reason = 'CONFLICT' | 'AHEAD' | 'TOO_OLD' | 'SERIES';

const SECOND_MS = 1000;

/** Says of each agent whose samples the store refuses why it does, once for each reason. */
export class RefusalNotices {
  readonly #options: RefusalNoticesOptions;
  readonly #told = new Map<string, Set<Reason>>();

  constructor(options: RefusalNoticesOptions) {
    this.#options = options;
  }

  /** What a commit came to. */
  rejected(agentId: string, refused: RefusedSamples): void {
    const { conflictCount, outOfBoundsCount, noSeriesCount } = refused;
    if (conflictCount > 0) {
      this.#tell(agentId, 'CONFLICT', {
        ...{ count: conflictCount, want: 'one sender for each series' },
        text: 'samples of an agent contradict what is stored, and were rejected',
      });
    }
    if (outOfBoundsCount > 0) this.#outOfBounds(agentId, outOfBoundsCount, refused.newestMs);
    if (noSeriesCount > 0) {
      this.#tell(agentId, 'SERIES', {
        count: noSeriesCount,
        want:
          'fewer series, or a larger tidegauge.agents.max_series_per_agent, ' +
          'tidegauge.storage.max_series or max_series_per_source',
        text: 'an agent has more series than it may: samples of the others are rejected',
      });
    }
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
    { text, ...fields }: { text: string; count: number; want: string; ahead?: string },
  ): void {
    const told = this.#told.get(agentId) ?? new Set();
    if (told.has(reason)) return;
    this.#told.set(agentId, told.add(reason));
    this.#options.logger.warn({ agentId, ...fields }, text);
  }
}
