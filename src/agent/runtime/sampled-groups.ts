import type {
  GroupPolicy,
  Hash64,
  Policy,
  PriorityClass,
  TickMark,
} from '../../formats/tide/index.ts';
import { formatDuration } from '../../model/index.ts';
import type { TickPressure } from '../flow/pressure.ts';
import type { GroupSource, SeriesNamer } from '../sampling/group-source.ts';
import type { Sealer } from '../sampling/sealer.ts';
import type { SeriesState } from '../sampling/series-state.ts';
import type { SeriesTable } from '../sampling/series-table.ts';
import type { SampleTotals } from '../sampling/tick-accounts.ts';
import { EVENT_POLICY, policyOf, spreadMs, toleranceOf, wideOf } from './group-policy.ts';
import { GroupRunner } from './group-runner.ts';
import { Policies } from './policies.ts';
import type { AgentRuntimeOptions, GroupSetup } from './runtime-options.ts';

export interface SampledGroupsOptions {
  readonly agent: AgentRuntimeOptions;
  readonly table: SeriesTable;
  readonly state: SeriesState;
  readonly totals: SampleTotals;
  readonly sealer: Pick<Sealer, 'sealTicks' | 'sealSamples'>;
  /** Whether the collector takes native histograms. */
  takesHistograms(): boolean;
  /** What a tick of that class has to do without; the class that goes first is in front. */
  pressure(
    tick: number,
    priority: PriorityClass,
    shedOrder: readonly PriorityClass[],
  ): TickPressure;
  /** Whether ticks of that class are kept for now, to go with those after them. */
  gathers(priority: PriorityClass): boolean;
  /** Something that must not happen did: to be said; reading goes on. */
  onFault(error: unknown): void;
}

/** The groups of an agent: their sources, what is declared of them, and the policy in force. */
export class SampledGroups {
  readonly #options: SampledGroupsOptions;
  readonly #policies: Policies;
  /** As configured here, whatever the collector's policy makes of it. */
  readonly #ownPolicies: GroupPolicy[] = [];
  readonly runners: readonly GroupRunner[];
  #isClockBack = false;
  #stopped = false;

  /** Opens the sources. Throws what they throw. */
  constructor(options: SampledGroupsOptions) {
    this.#options = options;
    const { groups, policyLimits } = options.agent;
    const tolerances = groups.map((group, index) => toleranceOf(group, index + 1));
    this.#policies = new Policies(
      tolerances.filter((one) => one !== undefined),
      policyLimits,
    );
    this.runners = groups.map((setup, index) => {
      const group = index + 1;
      const source = setup.open(this.#namerOf(group));
      const policy = policyOf(setup, group, source.name, tolerances[index]?.id ?? 0);
      this.#ownPolicies.push(policy);
      return this.#runner(source, policy, setup);
    });
  }

  get names(): string[] {
    return this.runners.map(({ name }) => name);
  }

  /** Of the policy in force; 0 for the agent's own. */
  get policyVersion(): number {
    return this.#policies.version;
  }

  get policyHash(): Hash64 {
    return this.#policies.hash;
  }

  /** What is declared of all groups, that of events included. */
  get declared(): GroupPolicy[] {
    return [EVENT_POLICY, ...this.#ownPolicies];
  }

  /** The newest sealed tick of each. */
  get sealedTicks(): TickMark[] {
    return this.runners.map(({ sampler }) => ({
      group: sampler.policy.group,
      tick: Math.max(0, sampler.lastTick - sampler.pendingTicks),
    }));
  }

  start(): void {
    for (const runner of this.runners) runner.start();
  }

  /** Seals what waits in all groups. */
  flush(): void {
    for (const runner of this.runners) runner.flush();
  }

  /** Seals what was gathered beyond what batches have at other times. */
  flushGathered(): void {
    for (const runner of this.runners) runner.flushGathered();
  }

  /** Reads every group once more, now. */
  async sampleAll(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.readNow()));
  }

  /** Ends reading, and seals what waits; `close` is to follow. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }

  /** Closes the sources. */
  async close(): Promise<void> {
    for (const { source } of this.runners) await source.close?.();
  }

  /** A series has ended, and nothing that is held has samples of it. */
  forget(id: number, group: number): void {
    this.#of(group)?.sampler.forget(id);
    this.#options.state.forget(id);
  }

  /** Goes by a policy of the collector, as far as this agent's limits allow. */
  apply(policy: Policy): void {
    for (const next of this.#policies.apply(policy, this.#ownPolicies)) {
      this.#of(next.group)?.configure(next, this.#policies.tolerance(next.toleranceId));
    }
    const { logger } = this.#options.agent;
    logger.info({ version: policy.version, groups: policy.groups.length }, 'a policy is in force');
    const refused = this.#policies.refusedTolerances;
    if (refused.length > 0) logger.warn({ refused }, 'tolerances of the policy are not taken');
  }

  #of(group: number): GroupRunner | undefined {
    return this.runners.find(({ sampler }) => sampler.policy.group === group);
  }

  #runner(source: GroupSource, policy: GroupPolicy, setup: GroupSetup): GroupRunner {
    const { agent, table, state, totals, sealer } = this.#options;
    const { clock, logger, epoch, agentId } = agent;
    return new GroupRunner({
      clock,
      logger,
      source,
      policy,
      tolerance: this.#policies.tolerance(policy.toleranceId),
      table,
      state,
      totals,
      takesHistograms: () => this.#options.takesHistograms(),
      // An epoch is later than its start where the clock was set back between two of them.
      startMs: Math.min(epoch.epoch, clock.now()),
      spreadMs: spreadMs(policy, agentId),
      seal: (ticks) => sealer.sealTicks(ticks),
      sealBetween: (columns) => sealer.sealSamples(columns),
      wide: wideOf(setup, policy.group),
      pressure: (tick, priority) => {
        return this.#options.pressure(tick, priority, this.#policies.shedOrder);
      },
      gathers: (priority) => this.#options.gathers(priority),
      onClockSetBack: (byMs) => this.#clockSetBack(byMs),
      onFault: (error) => this.#options.onFault(error),
    });
  }

  #clockSetBack(byMs: number): void {
    if (this.#isClockBack || this.#stopped) return;
    this.#isClockBack = true;
    const { agent } = this.#options;
    const by = formatDuration(Math.round(byMs / 1000) * 1000);
    agent.logger.warn({ by }, 'the clock was set back');
    agent.onClockSetBack?.(byMs);
  }

  #namerOf(group: number): SeriesNamer {
    const { table } = this.#options;
    return {
      id: (labels, describe) => table.add(group, labels, describe),
      isKnown: (id) => table.get(id) !== undefined,
    };
  }
}
