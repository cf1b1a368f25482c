import { type Appender, NO_SERIES, type SeriesRef } from '../../../storage/api.ts';
import { allSamples, type Group, type PushedSample } from './group.ts';

/** A group with what it takes to sample it: its lines and their series. */
export class HeldGroup {
  readonly group: Group;
  readonly samples: readonly PushedSample[];
  /** Refs of `samples`; NO_SERIES where the series limit forbids it, undefined until resolved. */
  refs: SeriesRef[] | undefined;
  /** Time of the newest samples written; 0 where none were. */
  lastSampleMs = 0;

  constructor(group: Group) {
    this.group = group;
    this.samples = [...allSamples(group)];
  }

  /**
   * Finds the refs of all lines, those of `previous` first; asks the appender for the others.
   * Returns the number of series that the series limit forbids.
   */
  resolve(appender: Appender, previous: HeldGroup | undefined): number {
    const known = previous?.refsByKey();
    let forbidden = 0;
    this.refs = this.samples.map((sample) => {
      const ref = known?.get(sample.labels.key) ?? appender.series(sample.labels);
      if (ref === NO_SERIES) forbidden++;
      return ref;
    });
    return forbidden;
  }

  /** Adds staleness markers at `timeMs` to its series that `next` lacks. Returns their number. */
  end(appender: Appender, next: HeldGroup | undefined, timeMs: number): number {
    const kept = next?.refsByKey();
    let ended = 0;
    for (const [index, ref] of (this.refs ?? []).entries()) {
      const sample = this.samples[index];
      if (ref === NO_SERIES || sample === undefined || kept?.has(sample.labels.key)) continue;
      if (typeof sample.value === 'number') appender.samples.pushStale(ref, timeMs);
      else appender.addHistogram(ref, timeMs, undefined);
      ended++;
    }
    return ended;
  }

  refsByKey(): Map<string, SeriesRef> {
    const refs = new Map<string, SeriesRef>();
    for (const [index, ref] of (this.refs ?? []).entries()) {
      const key = this.samples[index]?.labels.key;
      if (key !== undefined && ref !== NO_SERIES) refs.set(key, ref);
    }
    return refs;
  }

  /** Adds one sample of every line at `timeMs`. Call `resolve` before. */
  write(appender: Appender, timeMs: number): void {
    const { samples } = this;
    for (const [index, ref] of (this.refs ?? []).entries()) {
      const sample = samples[index];
      if (ref === NO_SERIES || sample === undefined) continue;
      if (typeof sample.value === 'number') appender.samples.push(ref, timeMs, sample.value);
      else appender.addHistogram(ref, timeMs, sample.value);
    }
    this.lastSampleMs = timeMs;
  }
}
