import { messageOf } from '../../model/index.ts';
import type { Appender, Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { BatchColumns } from '../../formats/tide/index.ts';
import type { AgentEntry } from './agent-entry.ts';
import type { WriteResult } from './batch-fill.ts';
import type { ClockReading } from './clock-offset.ts';
import type { OpenWrite } from './batch-writer.ts';
import type { SessionMetrics } from './session-metrics.ts';
import type { SessionOutput, StateChange } from './session-output.ts';
import { SharedCommits } from './shared-commit.ts';

export type ApplyOutput = Extract<SessionOutput<BatchColumns>, { kind: 'APPLY' }>;

export interface AgentWritesOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SessionMetrics;
  clockOf(agentId: string): ClockReading | undefined;
  /** Those whose frames were in one commit have all been told. */
  settled(): void;
}

/** What a write came to; `result` is undefined when nothing is stored. */
export interface Written {
  readonly result: WriteResult | undefined;
  readonly durationMs: number;
}

/** What sessions write to the store, and what is still under way of it. */
export class AgentWrites {
  readonly #deps: AgentWritesOptions;
  readonly #commits: SharedCommits;
  readonly #underWay = new Set<Promise<void>>();
  /** Since the last write that did not fail. */
  #failures = 0;

  constructor(deps: AgentWritesOptions) {
    this.#deps = deps;
    this.#commits = new SharedCommits({
      ...deps,
      track: (work) => this.track(work),
      settled: () => deps.settled(),
      faulted: (error) => this.#faulted(error),
    });
  }

  /**
   * Stores frames with the states that belong to them, in one commit that other agents may share,
   * and tells `done` what it came to.
   */
  apply(
    entry: AgentEntry,
    { frames, states, receivedMs }: ApplyOutput,
    done: (written: Written) => void,
  ): void {
    const startMs = this.#deps.clock.monotonic();
    let write: OpenWrite | undefined;
    this.#commits.add({
      fill: (appender) => {
        write = entry.writer.begin(appender, frames, states, entry.life.alive);
      },
      settle: (committed) => {
        const forget = (error: unknown): void => {
          this.failed('what an agent sent was not stored')(error);
          entry.catalog.reload();
          done({ result: undefined, durationMs: this.#deps.clock.monotonic() - startMs });
        };
        const finish = (result: WriteResult): void => {
          const durationMs = this.#deps.clock.monotonic() - startMs;
          entry.catalog.stored();
          try {
            this.#count(entry, result, { receivedMs, durationMs });
          } finally {
            done({ result, durationMs });
          }
        };
        if (write === undefined || committed instanceof Error) {
          forget(committed);
          return;
        }
        let settled: WriteResult | Promise<WriteResult>;
        try {
          settled = write.settle(committed);
        } catch (error) {
          // A bug: what is stored and not counted comes again, and is there already.
          forget(error);
          return;
        }
        if (!(settled instanceof Promise)) {
          finish(settled);
          return;
        }
        const told = settled.then(finish, forget).catch((error: unknown) => this.#faulted(error));
        this.track(told.then(() => this.#deps.settled()));
      },
    });
  }

  /**
   * Stores states that no samples go with, in one commit that others may share, and tells `done`
   * whether they are stored. That it fails costs work later, never truth.
   */
  persist(states: readonly StateChange[], done: (isStored: boolean) => void): void {
    this.#commits.add({
      fill: (appender) => {
        for (const { key, value } of states) appender.putState(key, value);
      },
      settle: (committed) => {
        const isStored = !(committed instanceof Error);
        if (!isStored) this.failed('the state of ledgers was not stored')(committed);
        done(isStored);
      },
    });
  }

  /** Puts what `fill` adds into the next commit; `message` is logged where nothing is stored. */
  add(fill: (appender: Appender) => void, message: string): void {
    this.#commits.add({
      fill,
      settle: (committed) => {
        if (committed instanceof Error) this.failed(message)(committed);
      },
    });
  }

  /** Removes states. */
  remove(keys: readonly string[]): void {
    if (keys.length === 0) return;
    this.add((appender) => {
      for (const key of keys) appender.putState(key, undefined);
    }, 'states were not removed');
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

  /** Counts a failed write, and logs the first until one succeeds: a full disk fails them all. */
  failed(message: string): (error: unknown) => void {
    return (error) => {
      this.#deps.metrics.failed();
      if (this.#failures++ > 0) return;
      this.#deps.logger.error({ err: messageOf(error) }, message);
    };
  }

  #faulted(error: unknown): void {
    this.#deps.logger.error({ err: messageOf(error) }, 'what was stored of an agent met a bug');
  }

  #succeeded(): void {
    if (this.#failures === 0) return;
    this.#deps.logger.info({ failures: this.#failures }, 'what agents send is stored again');
    this.#failures = 0;
  }

  #count(
    entry: AgentEntry,
    result: WriteResult,
    { receivedMs, durationMs }: { readonly receivedMs: number; readonly durationMs: number },
  ): void {
    const { clock, metrics } = this.#deps;
    this.#succeeded();
    entry.count(result, clock.now());
    const aheadMs = this.#deps.clockOf(entry.agentId)?.aheadMs ?? 0;
    metrics.applied(result, { receivedMs, durationMs, nowMs: clock.now(), aheadMs });
  }
}
