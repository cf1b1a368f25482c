import { type AgentLedger, pushSourceId, type SourceRegistry } from '../../sources/index.ts';
import type { Appender } from '../../storage/api.ts';
import type { Clock } from '../../util/index.ts';
import type { AgentEntry } from './agent-entry.ts';
import { addLife, downPoints, type LifePoint } from './liveness.ts';
import type { AgentsOptions } from './options.ts';

export interface LifeKeeperOptions {
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly options: AgentsOptions;
  ledger(agentId: string): AgentLedger | undefined;
  /** Puts a part into the next commit, and deals with its failing. */
  write(fill: (appender: Appender) => void): void;
}

const HEARTBEATS_MISSED = 2.5;

/**
 * Writes what is known of the life of agents: `up` as known then, `tidegauge_alive` as true
 * afterwards, and the ends of series when an agent has left or is declared gone.
 */
export class LifeKeeper {
  readonly #deps: LifeKeeperOptions;
  readonly #startMs: number;

  constructor(deps: LifeKeeperOptions) {
    this.#deps = deps;
    this.#startMs = deps.clock.now();
  }

  /** Writes what is known now of every agent's life, and of its past what has become known. */
  keep(entries: Iterable<AgentEntry>): void {
    const nowMs = this.#deps.clock.now();
    const { heartbeat_ms: stepMs, gone_after_ms: goneAfterMs } = this.#deps.options;
    const points: LifePoint[] = [];
    for (const entry of entries) {
      if (entry.gone || entry.leaving) continue;
      if (entry.up === undefined && nowMs - this.#startMs > HEARTBEATS_MISSED * stepMs) {
        entry.up = 0;
      }
      const { up, alive } = entry.life;
      if (entry.up !== undefined) points.push({ labels: up, timestamp: nowMs, value: entry.up });
      if (entry.up === 1 && nowMs - entry.lastHeardMs < stepMs) {
        const timestamp = Math.floor(entry.lastHeardMs / stepMs) * stepMs;
        points.push({ labels: alive, timestamp, value: 1 });
      }
      points.push(...this.#absencePoints(entry, stepMs));
      if (entry.up === 0 && nowMs - entry.lastHeardMs > goneAfterMs) this.#end(entry);
    }
    this.write(points);
  }

  /** Where an earlier epoch ended and all of it is resolved, the time after it was down time. */
  #absencePoints(entry: AgentEntry, stepMs: number): LifePoint[] {
    const points: LifePoint[] = [];
    for (const [number, startMs] of entry.absences) {
      const epoch = this.#deps.ledger(entry.agentId)?.epoch(number);
      if (epoch?.isSettled !== true) continue;
      entry.absences.delete(number);
      let lastMs = number;
      for (const { group, knownTick } of epoch.groups) {
        const grid = epoch.grids.get(group);
        if (grid === undefined || grid.intervalMs === 0) continue;
        lastMs = Math.max(lastMs, grid.anchorMs + knownTick * grid.intervalMs);
      }
      points.push(...downPoints(entry.life.alive, { lastMs, startMs, stepMs }));
    }
    return points;
  }

  /** Ends the series of an agent that said BYE, once all that came is stored. */
  endWhenStored(entry: AgentEntry): void {
    if (!entry.leaving || entry.gone || entry.inFlight.size > 0) return;
    this.#end(entry);
  }

  /** The agent left, or is declared gone: its series end. */
  #end(entry: AgentEntry): void {
    entry.gone = true;
    this.#deps.sources.end(pushSourceId('tide', entry.agentId));
    const nowMs = this.#deps.clock.now();
    const epoch = this.#deps.ledger(entry.agentId)?.currentEpoch ?? 0;
    const points: LifePoint[] = [
      { labels: entry.life.up, timestamp: nowMs + 1, value: undefined },
      { labels: entry.life.alive, timestamp: nowMs + 1, value: undefined },
    ];
    for (const series of entry.catalog.live(epoch)) {
      const { labels, lastMs, isStale, isHistogram } = series;
      const isUnknown = lastMs === Number.NEGATIVE_INFINITY;
      if (isStale && !isUnknown) continue;
      // Not stored by this process: there is no telling where it ends, but it has.
      const timestamp = isUnknown ? nowMs : lastMs + 1;
      points.push({ labels, timestamp, value: undefined, isHistogram });
      entry.catalog.advance(series, timestamp, true);
    }
    // Of a run before this one, which the last did not live long enough to replace.
    for (const series of entry.catalog.earlier(epoch)) {
      const { labels, lastMs, isStale, ended, isHistogram } = series;
      if (ended || isStale) continue;
      points.push({ labels, timestamp: lastMs + 1, value: undefined, isHistogram });
      entry.catalog.advance(series, lastMs + 1, true);
    }
    this.write(points);
  }

  write(points: readonly LifePoint[]): void {
    if (points.length > 0) this.#deps.write((appender) => addLife(appender, points));
  }
}
