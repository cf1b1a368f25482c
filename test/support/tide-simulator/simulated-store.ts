import type { BatchColumns } from '../../../src/formats/tide/index.ts';
import { ContentHash, seriesKey } from '../../../src/formats/tide/index.ts';
import type { DigestQuestion, StoreDigest } from '../../../src/ingest/index.ts';
import type { AppliedFrame, StateChange } from '../../../src/ingest/session/session-output.ts';
import { Labels } from '../../../src/model/index.ts';
import { EVENT_GROUP, EVENT_SERIES } from './truth.ts';
import { isSame, type Value, wordsOf } from './values.ts';

/** A sample in the store, and the run that it is of. */
export interface StoredSample {
  readonly agentId: string;
  readonly series: number;
  readonly atMs: number;
  readonly value: Value;
  readonly epoch: number;
}

/** Samples that the store refused, by index of the frame, then by group. */
export type Rejected = Map<number, Map<number, number>>;

/** What is on the collector's disk: samples and states, committed together. */
export class SimulatedStore {
  /** By agent, series and time. */
  readonly samples = new Map<string, StoredSample>();
  /** Samples that were refused and are not there. */
  readonly refused = new Set<string>();
  readonly states = new Map<string, Uint8Array>();
  /** Samples that were stored when they were there already, without being pulled again. */
  readonly violations: string[] = [];
  /** Agents of which two runs may have samples of the same time. */
  readonly overlapping = new Set<string>();
  /** Refusals that were not written down when the collector died. */
  mayForget = 0;
  readonly #refusedCounts = new Map<string, number>();

  countOf(agentId: string): number {
    let count = 0;
    for (const sample of this.samples.values()) if (sample.agentId === agentId) count++;
    return count;
  }

  /** The highest epoch that a state on disk tells of; 0 for none. */
  newestEpoch(agentId: string): number {
    let newest = 0;
    for (const key of this.states.keys()) {
      const [, agent, epoch] = key.split('/');
      if (agent === agentId) newest = Math.max(newest, Number(epoch));
    }
    return newest;
  }

  refusedCount(agentId: string): number {
    return this.#refusedCounts.get(agentId) ?? 0;
  }

  /** `refuses` says of each sample whether the store does not want it. */
  commit(
    agentId: string,
    frames: readonly AppliedFrame<BatchColumns>[],
    states: readonly StateChange[],
    refuses: () => boolean = () => false,
  ): Rejected {
    const rejected: Rejected = new Map();
    for (const [index, frame] of frames.entries()) {
      const count = this.#add(agentId, frame, refuses);
      const { content, again } = frame;
      if (count === 0 || content.kind !== 'BATCH') continue;
      rejected.set(index, new Map([[content.head.coverage[0]?.group ?? 0, count]]));
      // What is pulled again was counted the first time.
      if (again) continue;
      this.#refusedCounts.set(agentId, this.refusedCount(agentId) + count);
    }
    for (const { key, value } of states) {
      if (value === undefined) this.states.delete(key);
      else this.states.set(key, value);
    }
    return rejected;
  }

  /**
   * The disk forgets samples of a run, and nobody says so; how many. Audits look at times from the
   * run's start to now: where a clock was set, some are of before, or still to come.
   */
  loseSilently(
    agentId: string,
    { epoch, nowMs }: { readonly epoch: number; readonly nowMs: number },
    chosen: () => boolean,
  ): number {
    let count = 0;
    for (const [key, sample] of this.samples) {
      const isOfRun = sample.agentId === agentId && sample.epoch === epoch;
      const isAudited = isOfRun && sample.atMs >= epoch && sample.atMs <= nowMs;
      if (!isAudited || !chosen()) continue;
      this.samples.delete(key);
      count++;
    }
    return count;
  }

  /** Count and hash, as an audit wants them. */
  digest({ agentId, group, windows }: DigestQuestion): StoreDigest[] {
    const hashes = windows.map((window) => ({ window, hash: new ContentHash() }));
    for (const sample of this.samples.values()) {
      const { series, atMs, value } = sample;
      const isEvent = series === EVENT_SERIES;
      if (sample.agentId !== agentId || (group === EVENT_GROUP) !== isEvent) continue;
      const { low, high } = wordsOf(value);
      for (const { window, hash } of hashes) {
        if (atMs < window.minTime || atMs > window.maxTime) continue;
        hash.add(keyOf(series), atMs, low, high);
      }
    }
    return hashes.map(({ hash }) => ({ count: hash.count, hash: hash.hash }));
  }

  /** How many were refused. */
  #add(
    agentId: string,
    { sealed, content, again }: AppliedFrame<BatchColumns>,
    refuses: () => boolean,
  ): number {
    if (content.kind !== 'BATCH') return 0;
    let refusedCount = 0;
    const { length, seriesIds, timestamps, values, histograms } = content.body;
    const { epoch, seq } = sealed;
    for (let index = 0; index < length; index++) {
      const series = seriesIds[index] as number;
      const atMs = timestamps[index] as number;
      const key = `${agentId}/${series}/${atMs}`;
      const value = histograms?.[index] ?? (values[index] as number);
      const before = this.samples.get(key);
      const isConflict = before !== undefined && before.epoch !== epoch;
      if (isConflict && this.overlapping.has(agentId)) {
        refusedCount++;
      } else if (again && this.refused.has(key)) {
        refusedCount++;
      } else if (before === undefined && refuses()) {
        refusedCount++;
        this.refused.add(key);
      } else if (before === undefined) {
        this.samples.set(key, { agentId, series, atMs, value, epoch });
        this.refused.delete(key);
      } else if (!again || !isSame(before.value, value)) {
        this.violations.push(`${key} stored twice, by ${epoch}/${seq}`);
      }
    }
    return refusedCount;
  }
}

const keys = new Map<number, ReturnType<typeof seriesKey>>();

/** What an audit hashes a series by. */
function keyOf(series: number): ReturnType<typeof seriesKey> {
  const known = keys.get(series);
  if (known !== undefined) return known;
  const key = seriesKey(Labels.fromPairs(['__name__', `series_${series}`]));
  keys.set(series, key);
  return key;
}
