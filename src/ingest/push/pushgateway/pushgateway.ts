import { messageOf } from '../../../model/index.ts';
import { type CommitResult, OUTCOME_COUNT } from '../../../storage/api.ts';
import type { Logger } from '../../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../../util/index.ts';
import { PushRefusedError } from '../errors.ts';
import type { PushStore } from '../exchange.ts';
import type { PushMetrics } from '../metrics.ts';
import { REJECT_REASONS } from '../tally.ts';
import { FamilyIndex } from './family-index.ts';
import { type Group, type HeldFamily, PUSH_FAILURE_TIME, PUSH_TIME } from './group.ts';
import { GroupBatch, type GroupTable } from './group-batch.ts';
import { decodeGroup, GROUP_STATE_PREFIX } from './group-codec.ts';
import type { Grouping } from './grouping.ts';
import { HeldGroup } from './held-group.ts';
import type { PushedBody } from './pushed-body.ts';

/** Changes committed together at most; bounds how long the first of them waits. */
const MAX_BATCH = 64;

/** Samples of one commit of a resample, so that no commit holds the thread for long. */
const RESAMPLE_STEP = 20_000;

export interface PushgatewayDependencies {
  readonly storage: PushStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PushMetrics;
  /** Milliseconds between samples of every group. */
  readonly resampleMs: number;
}

interface Change {
  /** Applies the change; what it throws is the answer of this change alone. */
  readonly apply: (batch: GroupBatch) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Holds pushed groups as the Prometheus Pushgateway does, durably: a change is in the log before
 * its promise resolves. Changes go one after another, those that wait share a commit. Every group
 * is stored when pushed and again at each interval, as a scrape of a Pushgateway would, so that
 * queries see it as long as it is held; series that a change removes end at once.
 */
export class Pushgateway {
  readonly #storage: PushStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: PushMetrics;
  readonly #resampleMs: number;
  readonly #table: GroupTable = { groups: new Map(), index: new FamilyIndex(), lastStaleMs: 0 };
  readonly #waiting: Change[] = [];
  #draining: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #closed = false;

  constructor(dependencies: PushgatewayDependencies) {
    this.#storage = dependencies.storage;
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
    this.#metrics = dependencies.metrics;
    this.#resampleMs = dependencies.resampleMs;
  }

  /** Takes up the groups that the storage holds, samples them, and goes on sampling. */
  async start(): Promise<void> {
    for (const [key, bytes] of this.#storage.state(GROUP_STATE_PREFIX)) {
      try {
        const group = decodeGroup(bytes);
        this.#table.groups.set(group.grouping.key, new HeldGroup(group));
        this.#table.index.add(group);
      } catch (error) {
        this.#logger.error({ key, error: messageOf(error) }, 'a Pushgateway group is unreadable');
      }
    }
    await this.resample();
    this.#schedule(this.#clock.monotonic() + this.#resampleMs);
  }

  /** Stops sampling and waits for changes under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    while (this.#draining !== undefined) await this.#draining;
  }

  /** Groups in order of their first push. */
  *groups(): IterableIterator<Group> {
    for (const held of this.#table.groups.values()) yield held.group;
  }

  /**
   * Pushes families to a group: replaces the group (PUT), or the families of these names (POST).
   * @throws PushRefusedError (400) when they are inconsistent with what is held; then the group
   *   stays as it is, except for the time of the failure. StorageError when nothing was done.
   */
  async push(grouping: Grouping, body: PushedBody, replacesAll: boolean): Promise<void> {
    let refusal: PushRefusedError | undefined;
    await this.#change((batch) => {
      refusal = pushInto(batch, grouping, body, replacesAll);
    });
    if (refusal !== undefined) throw refusal;
  }

  async delete(grouping: Grouping): Promise<void> {
    await this.#change((batch) => batch.delete(grouping.key));
  }

  async wipe(): Promise<void> {
    await this.#change((batch) => {
      for (const key of [...this.#table.groups.keys()]) batch.delete(key);
    });
  }

  /** Samples every group now. Never throws: what fails is logged and comes again. */
  async resample(): Promise<void> {
    let step: HeldGroup[] = [];
    let samples = 0;
    for (const held of [...this.#table.groups.values()]) {
      step.push(held);
      samples += held.samples.length;
      if (samples < RESAMPLE_STEP) continue;
      await this.#resampleStep(step);
      step = [];
      samples = 0;
    }
    if (step.length > 0) await this.#resampleStep(step);
  }

  async #resampleStep(step: readonly HeldGroup[]): Promise<void> {
    try {
      await this.#change((batch) => {
        let forbidden = 0;
        for (const held of step) {
          // A push may have replaced the group since.
          const current = this.#table.groups.get(held.group.grouping.key);
          if (current !== undefined) forbidden += batch.sample(current);
        }
        if (forbidden > 0) this.#metrics.rejected('pushgateway', 'series_limit', forbidden);
      });
    } catch (error) {
      this.#logger.error({ error: messageOf(error) }, 'Pushgateway groups could not be sampled');
    }
  }

  #schedule(dueMs: number): void {
    if (this.#closed) return;
    const delayMs = Math.max(0, dueMs - this.#clock.monotonic());
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      const next = Math.max(dueMs, this.#clock.monotonic() - this.#resampleMs) + this.#resampleMs;
      void this.resample().then(() => this.#schedule(next));
    });
  }

  #change(apply: (batch: GroupBatch) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // One turn later, so that changes of the same turn share the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, MAX_BATCH));
    this.#draining = undefined;
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const batch = new GroupBatch(this.#storage, this.#table, this.#clock.now());
    const applied: Change[] = [];
    for (const change of changes) {
      try {
        change.apply(batch);
        applied.push(change);
      } catch (error) {
        change.reject(error);
      }
    }
    if (applied.length === 0) {
      batch.rollback();
      return;
    }
    try {
      this.#count(await batch.commit());
      for (const change of applied) change.resolve();
    } catch (error) {
      for (const change of applied) change.reject(error);
    }
  }

  #count(result: CommitResult): void {
    for (let outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
      const reason = REJECT_REASONS[outcome];
      const samples = result.counts[outcome] ?? 0;
      if (reason !== undefined && samples > 0) {
        this.#metrics.rejected('pushgateway', reason, samples);
      }
    }
  }
}

/** Returns the refusal where the push is inconsistent; its time is then part of the batch. */
function pushInto(
  batch: GroupBatch,
  grouping: Grouping,
  body: PushedBody,
  replacesAll: boolean,
): PushRefusedError | undefined {
  const { nowMs } = batch;
  const former = batch.get(grouping.key) ?? emptyGroup(grouping);
  const pushed = body.familiesFor(grouping, nowMs);
  // The gateway's own families are not the client's to set.
  pushed.delete(PUSH_TIME);
  pushed.delete(PUSH_FAILURE_TIME);
  const ownProblem = batch.ownProblemOf(former);
  const problem = body.hasTimestamps
    ? 'pushed metrics must not have timestamps'
    : (ownProblem ?? batch.problemWith(grouping.key, pushed, replacesAll));
  if (problem !== undefined) {
    // A group that may not even hold its own push times is not made for the sake of a failure.
    if (ownProblem === undefined) {
      batch.put({ ...former, failureTimeMs: nowMs, lastPushSuccessful: false });
    }
    const text = `pushed metrics are invalid or inconsistent with existing metrics: ${problem}`;
    return new PushRefusedError(400, 'inconsistent', text);
  }
  const families = replacesAll
    ? pushed
    : new Map<string, HeldFamily>([...former.families, ...pushed]);
  batch.put({ ...former, families, pushTimeMs: nowMs, lastPushSuccessful: true });
  return undefined;
}

function emptyGroup(grouping: Grouping): Group {
  return {
    grouping,
    families: new Map(),
    pushTimeMs: 0,
    failureTimeMs: 0,
    lastPushSuccessful: false,
  };
}
