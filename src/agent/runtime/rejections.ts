import type { Rejection, RejectReason } from '../../formats/tide/index.ts';
import type { Logger } from '../../telemetry/index.ts';

/** What the collector never stores, by why. */
export type RejectedSamples = Readonly<Record<RejectReason, number>>;

/** What to do about it, said once for each reason. */
const WANTED: Readonly<Record<RejectReason, string>> = {
  FORMAT: 'an agent and a collector of versions that go together',
  LIMIT: "fewer series, or larger limits of series there, such as tidegauge.agents' of an agent",
  SCHEMA:
    'an agent and a collector of versions that go together: no schema names what it sends there, ' +
    'or two do',
  FORBIDDEN:
    'another job name than tidegauge-agent for what has up or tidegauge_alive: under this name ' +
    'the collector tells itself whether the agent lives',
  OUT_OF_BOUNDS:
    "this host's clock and the collector's right, or a larger max_future or retention there",
  OUT_OF_ORDER:
    'a larger out_of_order_window there, or a smaller ring_max_age_ms here: what waits for longer ' +
    'than the window is not taken any more',
  CONFLICT: 'one sender for each series: another has stored other values at these times',
};

/** Counts what the collector said that it will never store, and says so in the log. */
export class Rejections {
  readonly #told = new Set<RejectReason>();
  readonly #samples: Record<RejectReason, number> = {
    ...{ FORMAT: 0, LIMIT: 0, SCHEMA: 0, FORBIDDEN: 0 },
    ...{ OUT_OF_BOUNDS: 0, OUT_OF_ORDER: 0, CONFLICT: 0 },
  };
  #frames = 0;

  /** By reason; frames that were refused as a whole are not in it. */
  get samples(): RejectedSamples {
    return this.#samples;
  }

  /** Frames that were refused as a whole. */
  get frames(): number {
    return this.#frames;
  }

  take(rejections: readonly Rejection[], logger: Pick<Logger, 'warn'>): void {
    for (const { reason, samples, stream, seq } of rejections) {
      if (samples === 0) this.#frames++;
      else this.#samples[reason] += samples;
      if (this.#told.has(reason)) continue;
      this.#told.add(reason);
      const what = samples === 0 ? 'a frame' : 'samples';
      logger.warn(
        { reason, samples, stream, seq, want: WANTED[reason] },
        `the collector will never store ${what} of this agent; more of the kind is only counted`,
      );
    }
  }
}
