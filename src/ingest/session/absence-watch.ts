import type { CoverageEntry, GroupPolicy } from '../../formats/tide/index.ts';
import type { AgentSeries } from './agent-series.ts';
import type { SchemaCatalog } from './schema-catalog.ts';

/** Events happen when they happen: that one does not come again says nothing. */
const EVENT_GROUP = 0;

/** A series that is not there any more, and when that was seen. */
export interface AbsentSeries {
  readonly series: AgentSeries;
  /** Of its staleness marker: after its last sample. */
  readonly timestamp: number;
}

/** What is known of one group since its epoch began. */
interface GroupWatch {
  /** The last tick at which parts were full, and which of them. */
  tick: number;
  readonly fullParts: Set<number>;
  seriesCount: number;
  isTried: boolean;
  /** Time of the last tick at which all of it was there; undefined until then. */
  fullMs: number | undefined;
}

/**
 * Finds series that ended without a word: at a tick at which a group says that all of its series
 * are there, those that are not have ended; and so have those of earlier runs of the agent that
 * the new one does not name. An agent that runs on says itself what ends; one that was killed
 * cannot.
 */
export class AbsenceWatch {
  readonly #catalog: SchemaCatalog;
  readonly #groupsOf: (epoch: number) => readonly GroupPolicy[] | undefined;
  #epoch = 0;
  #groups = new Map<number, GroupWatch>();
  /** Whether more is known of the groups than when earlier epochs were last looked at. */
  #knowsMore = false;

  /** @param groupsOf what HELLO said of the groups of the epoch that is current. */
  constructor(
    catalog: SchemaCatalog,
    groupsOf: (epoch: number) => readonly GroupPolicy[] | undefined,
  ) {
    this.#catalog = catalog;
    this.#groupsOf = groupsOf;
  }

  /**
   * A live batch whose samples have been taken over: series that it shows to have ended. Each is
   * given once, unless it comes back.
   */
  take(epoch: number, coverage: readonly CoverageEntry[]): AbsentSeries[] {
    const groups = this.#groupsOf(epoch);
    const last = coverage.at(-1);
    if (groups === undefined || last === undefined || last.group === EVENT_GROUP) return [];
    if (epoch !== this.#epoch) this.#begin(epoch);
    const policy = groups.find(({ group }) => group === last.group);
    if (policy === undefined) return [];
    const watch = this.#watch(last.group);
    this.#knowsMore ||= !watch.isTried;
    watch.isTried = true;
    const absent: AbsentSeries[] = [];
    if (last.status === 'FULL' && this.#isWhole(watch, last)) {
      const timeMs = policy.anchorMs + last.tickTo * policy.intervalMs;
      this.#knowsMore ||= watch.fullMs === undefined;
      watch.fullMs = timeMs;
      this.#findAbsent(epoch, last, { watch, timeMs }, absent);
    }
    if (this.#knowsMore) this.#endEarlier(epoch, groups, absent);
    return absent;
  }

  /** More is known of series of earlier epochs: the next batch looks at them again. */
  reconsider(): void {
    this.#knowsMore = true;
  }

  #begin(epoch: number): void {
    this.#epoch = epoch;
    this.#groups = new Map();
  }

  #watch(group: number): GroupWatch {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const watch: GroupWatch = {
      tick: -1,
      fullParts: new Set(),
      seriesCount: 0,
      isTried: false,
      fullMs: undefined,
    };
    this.#groups.set(group, watch);
    return watch;
  }

  /** Whether with this entry all parts of the group are full at its last tick. */
  #isWhole(watch: GroupWatch, { tickTo, part, parts, seriesCount }: CoverageEntry): boolean {
    if (tickTo < watch.tick) return false;
    if (tickTo > watch.tick) {
      watch.tick = tickTo;
      watch.fullParts.clear();
      watch.seriesCount = 0;
    }
    if (!watch.fullParts.has(part)) watch.seriesCount += seriesCount;
    watch.fullParts.add(part);
    return watch.fullParts.size === parts;
  }

  #findAbsent(
    epoch: number,
    { group, tickTo }: CoverageEntry,
    { watch, timeMs }: { readonly watch: GroupWatch; readonly timeMs: number },
    into: AbsentSeries[],
  ): void {
    // As many as are known to go on: nothing can be missing.
    if (this.#catalog.activeCount(epoch, group) <= watch.seriesCount) return;
    for (const series of this.#catalog.seriesOf(epoch).values()) {
      if (series.group !== group || series.seenTick >= tickTo || !isGoingOn(series)) continue;
      into.push({ series, timestamp: Math.max(timeMs, series.lastMs + 1) });
    }
  }

  /** Ends what earlier epochs had and this one has not, once every group was tried. */
  #endEarlier(epoch: number, groups: readonly GroupPolicy[], into: AbsentSeries[]): void {
    const timed = groups.filter(({ group }) => group !== EVENT_GROUP);
    if (!timed.every(({ group }) => this.#groups.get(group)?.isTried === true)) return;
    this.#knowsMore = false;
    const names = new Set(this.#catalog.live(epoch).map(({ labels }) => labels.key));
    const newestMs = Math.max(...[...this.#groups.values()].map(({ fullMs = 0 }) => fullMs));
    for (const series of this.#catalog.earlier(epoch)) {
      if (!isGoingOn(series) || names.has(series.labels.key)) continue;
      if (series.group === EVENT_GROUP) continue;
      const watch = this.#groups.get(series.group);
      // Where its target cannot be read now it is not known whether the series has ended.
      const timeMs = watch === undefined ? newestMs : (watch.fullMs ?? 0);
      if (timeMs > 0) into.push({ series, timestamp: Math.max(timeMs, series.lastMs + 1) });
    }
  }
}

/** Whether a sample of the series was stored by this process, and no marker behind it. */
function isGoingOn({ lastMs, ended, isStale }: AgentSeries): boolean {
  return lastMs > Number.NEGATIVE_INFINITY && !ended && !isStale;
}
