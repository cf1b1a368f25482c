import type { Clock } from '../../util/index.ts';
import { ABSENT, type ColumnValue } from './columns.ts';
import type { QueryGuard } from './guard.ts';
import type { PlanNode } from './plan.ts';

/** What evaluating one node took, the nodes below it included. */
export interface NodeProfile {
  /** How often it was evaluated: once, but for operands that are asked for twice. */
  evaluations: number;
  totalMs: number;
  /** Series and samples of its result. */
  series: number;
  samples: number;
  /** Read from storage. */
  seriesRead: number;
  samplesRead: number;
}

/** Measures every node of a plan while it is evaluated. */
export class Profiler {
  readonly #profiles = new Map<PlanNode, NodeProfile>();
  readonly #clock: Pick<Clock, 'monotonic'>;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Undefined for a node that was not evaluated by itself, as a range is with its function. */
  of(node: PlanNode): NodeProfile | undefined {
    return this.#profiles.get(node);
  }

  measure(node: PlanNode, guard: QueryGuard, evaluate: () => ColumnValue): ColumnValue {
    const { seriesRead, samplesRead } = guard;
    const startMs = this.#clock.monotonic();
    const value = evaluate();
    const profile = this.#profiles.get(node) ?? {
      evaluations: 0,
      totalMs: 0,
      series: 0,
      samples: 0,
      seriesRead: 0,
      samplesRead: 0,
    };
    this.#profiles.set(node, profile);
    profile.evaluations++;
    profile.totalMs += this.#clock.monotonic() - startMs;
    profile.seriesRead += guard.seriesRead - seriesRead;
    profile.samplesRead += guard.samplesRead - samplesRead;
    profile.series += value.kind === 'vector' ? value.series.length : 1;
    profile.samples += samplesOf(value);
    return value;
  }
}

function samplesOf(value: ColumnValue): number {
  if (value.kind === 'string') return 1;
  if (value.kind === 'scalar') return value.values.length;
  let samples = 0;
  for (const { present } of value.series) {
    for (const state of present) if (state !== ABSENT) samples++;
  }
  return samples;
}
