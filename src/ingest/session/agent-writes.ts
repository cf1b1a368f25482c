import { messageOf } from '../../model/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { BatchColumns } from '../../formats/tide/index.ts';
import type { AgentEntry } from './agent-entry.ts';
import type { WriteResult } from './batch-writer.ts';
import type { SessionMetrics } from './session-metrics.ts';
import type { SessionOutput, StateChange } from './session-output.ts';
import { SharedCommits } from './shared-commit.ts';

export type ApplyOutput = Extract<SessionOutput<BatchColumns>, { kind: 'APPLY' }>;

export interface AgentWritesOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SessionMetrics;
}

/** What sessions write to the store, and what is still under way of it. */
export class AgentWrites {
  readonly #deps: AgentWritesOptions;
  readonly #commits: SharedCommits;
  readonly #underWay = new Set<Promise<void>>();

  constructor(deps: AgentWritesOptions) {
    this.#deps = deps;
    this.#commits = new SharedCommits(deps.storage);
  }

  /**
   * Stores frames with the states that belong to them, in one commit that other agents may share;
   * what it came to and the milliseconds that took, undefined when nothing is stored.
   */
  async apply(
    entry: AgentEntry,
    { frames, states }: ApplyOutput,
  ): Promise<{ result: WriteResult; durationMs: number } | undefined> {
    const { clock, metrics } = this.#deps;
    const startMs = clock.monotonic();
    try {
      const { filled, result: committed } = await this.#commits.add((appender) =>
        entry.writer.begin(appender, frames, states, entry.life.alive),
      );
      const result = await filled.settle(committed);
      entry.count(result);
      const durationMs = clock.monotonic() - startMs;
      metrics.applied({ ...result, durationMs, nowMs: clock.now() });
      return { result, durationMs };
    } catch (error) {
      this.failed('what an agent sent was not stored')(error);
      entry.catalog.reload();
      return undefined;
    }
  }

  /** Stores states that no samples go with. That it fails costs work later, never truth. */
  async persist(states: readonly StateChange[]): Promise<void> {
    const appender = this.#deps.storage.appender();
    for (const { key, value } of states) appender.putState(key, value);
    await this.#commit(appender, 'the state of ledgers was not stored');
  }

  /** Removes states. */
  async remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const appender = this.#deps.storage.appender();
    for (const key of keys) appender.putState(key, undefined);
    await this.#commit(appender, 'states were not removed');
  }

  /** Waits for `work`, which must not reject, in `settled`. */
  track(work: Promise<void>): void {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Resolves when nothing tracked is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Counts and logs a failed write. */
  failed(message: string): (error: unknown) => void {
    return (error) => {
      this.#deps.metrics.failed();
      this.#deps.logger.error({ err: messageOf(error) }, message);
    };
  }

  async #commit(appender: ReturnType<Storage['appender']>, message: string): Promise<void> {
    try {
      await appender.commit();
    } catch (error) {
      this.failed(message)(error);
    }
  }
}
