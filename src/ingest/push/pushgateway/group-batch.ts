import { type Appender, type CommitResult, SampleOutcome } from '../../../storage/api.ts';
import { PushRefusedError } from '../errors.ts';
import type { PushStore } from '../exchange.ts';
import type { FamilyIndex } from './family-index.ts';
import type { Group, PushedFamily } from './group.ts';
import { encodeGroup, GROUP_STATE_PREFIX } from './group-codec.ts';
import { HeldGroup } from './held-group.ts';

/** All groups, and the index over them. Changed by batches alone. */
export interface GroupTable {
  readonly groups: Map<string, HeldGroup>;
  readonly index: FamilyIndex;
  /** Time of the newest staleness marker written; samples must come after it. */
  lastStaleMs: number;
}

/**
 * Changes to groups that are committed together: samples, staleness markers and the groups' durable
 * state in one record. The table changes at once, so that later changes of the batch see it, and is
 * put back as it was when the commit fails.
 */
export class GroupBatch {
  readonly #storage: PushStore;
  readonly #table: GroupTable;
  readonly #nowMs: number;
  readonly #appender: Appender;
  readonly #before = new Map<string, HeldGroup | undefined>();
  readonly #written = new Set<HeldGroup>();

  constructor(storage: PushStore, table: GroupTable, nowMs: number) {
    this.#storage = storage;
    this.#table = table;
    this.#nowMs = nowMs;
    this.#appender = storage.appender();
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get(key: string): Group | undefined {
    return this.#table.groups.get(key)?.group;
  }

  /** What is wrong with these families in the group, see `FamilyIndex.problemWith`. */
  problemWith(
    key: string,
    families: ReadonlyMap<string, PushedFamily>,
    replacesAll: boolean,
  ): string | undefined {
    return this.#table.index.problemWith(key, families, replacesAll);
  }

  /** See `FamilyIndex.ownProblemOf`. */
  ownProblemOf(group: Group): string | undefined {
    return this.#table.index.ownProblemOf(group);
  }

  /**
   * Makes `group` the group of its key and samples it; series of the former one that it lacks end.
   * @throws PushRefusedError when a series limit forbids one of its series; nothing is changed.
   */
  put(group: Group): void {
    const { key } = group.grouping;
    const former = this.#table.groups.get(key);
    const held = new HeldGroup(group);
    const forbidden = held.resolve(this.#appender, former);
    if (forbidden > 0) {
      const text = `${forbidden} new series are refused: the limit on series is reached`;
      throw new PushRefusedError(400, 'inconsistent', text);
    }
    const timeMs = this.#timeFor(former);
    held.write(this.#appender, timeMs);
    this.#written.add(held);
    if (former !== undefined) this.#endSeries(former, held, timeMs);
    for (const { name, type, help } of group.families.values()) {
      this.#appender.setMetadata(name, { type, help, unit: '' });
    }
    this.#swap(key, held);
  }

  /** Ends all series of a group and forgets it. */
  delete(key: string): void {
    const former = this.#table.groups.get(key);
    if (former === undefined) return;
    this.#endSeries(former, undefined, this.#timeFor(former));
    this.#swap(key, undefined);
  }

  /** Samples a group as it stands. Returns the number of lines the series limit leaves out. */
  sample(held: HeldGroup): number {
    if (held.lastSampleMs >= this.#nowMs) return 0;
    const forbidden = held.refs === undefined ? held.resolve(this.#appender, undefined) : 0;
    held.write(this.#appender, this.#timeFor(held));
    this.#written.add(held);
    return forbidden;
  }

  /** Forgets the batch; only while no change was made. */
  rollback(): void {
    this.#appender.rollback();
  }

  /**
   * Resolves when everything is durable. Throws as `Appender.commit`; then nothing is changed, or
   * (where series had to be made anew, and that failed) the groups are and their samples are not.
   */
  async commit(): Promise<CommitResult> {
    for (const [key, former] of this.#before) {
      const held = this.#table.groups.get(key);
      if (held === undefined && former === undefined) continue;
      const bytes = held === undefined ? undefined : encodeGroup(held.group);
      this.#appender.putState(GROUP_STATE_PREFIX + key, bytes);
    }
    let result: CommitResult;
    try {
      result = await this.#appender.commit();
    } catch (error) {
      this.#undo();
      throw error;
    }
    if ((result.counts[SampleOutcome.UNKNOWN_SERIES] ?? 0) === 0) return result;
    try {
      return await this.#writeAgain();
    } catch (error) {
      // The groups are stored as they are now; their samples come with the next resample.
      this.#forgetRefs();
      throw error;
    }
  }

  // Series were dropped from the store since their refs were found. What the first commit stored
  // is a duplicate now, and does nothing.
  async #writeAgain(): Promise<CommitResult> {
    const appender = this.#storage.appender();
    for (const held of this.#written) {
      held.resolve(appender, undefined);
      held.write(appender, held.lastSampleMs);
    }
    return appender.commit();
  }

  #timeFor(former: HeldGroup | undefined): number {
    return Math.max(this.#nowMs, (former?.lastSampleMs ?? 0) + 1, this.#table.lastStaleMs + 1);
  }

  #endSeries(former: HeldGroup, held: HeldGroup | undefined, timeMs: number): void {
    // After a commit that failed they are not known.
    if (former.refs === undefined) former.resolve(this.#appender, undefined);
    if (former.end(this.#appender, held, timeMs) === 0) return;
    this.#table.lastStaleMs = Math.max(this.#table.lastStaleMs, timeMs);
  }

  #swap(key: string, held: HeldGroup | undefined): void {
    const { groups, index } = this.#table;
    const former = groups.get(key);
    if (!this.#before.has(key)) this.#before.set(key, former);
    if (former !== undefined) index.remove(former.group);
    if (held === undefined) {
      groups.delete(key);
    } else {
      groups.set(key, held);
      index.add(held.group);
    }
  }

  #undo(): void {
    const { groups, index } = this.#table;
    for (const key of this.#before.keys()) {
      const held = groups.get(key);
      if (held !== undefined) index.remove(held.group);
    }
    for (const [key, former] of this.#before) {
      if (former === undefined) {
        groups.delete(key);
      } else {
        groups.set(key, former);
        index.add(former.group);
      }
    }
    this.#forgetRefs();
  }

  /** Refs of series that this commit was to make never came to be: they are asked for anew. */
  #forgetRefs(): void {
    for (const held of this.#written) held.refs = undefined;
  }
}
