import type { BatchColumns } from '../../formats/tide/index.ts';
import { messageOf } from '../../model/index.ts';
import type { AgentLedger } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import type { AgentDirectory } from './agent-directory.ts';
import type { AgentEntry } from './agent-entry.ts';
import type { AgentWrites, ApplyOutput } from './agent-writes.ts';
import type { AttachedConnections } from './attached-connections.ts';
import type { DigestQuestion, StoreDigest } from './audit-rounds.ts';
import { refusedByReason } from './batch-fill.ts';
import type { ClockNotices } from './clock-notices.ts';
import type { BatchesInFlight } from './batches-in-flight.ts';
import type { LifeKeeper } from './life-keeper.ts';
import { recallNewest } from './recall-newest.ts';
import type { RepairHorizon } from './repair-horizon.ts';
import type { RefusalNotices } from './refusal-notices.ts';
import type { SessionMachine } from './session-machine.ts';
import type { SessionMetrics } from './session-metrics.ts';
import type { SessionOutput } from './session-output.ts';
import { digestStore } from './store-digest.ts';

/** A series that was silent for longer is over for every query that looks at now. */
const RECALL_MS = 3_600_000;

type Output = SessionOutput<BatchColumns>;
type PersistOutput = Extract<Output, { kind: 'PERSIST' }>;
/** What is done for agents; the rest concerns connections or is an answer. */
export type AgentEffect = Exclude<Output, { kind: 'PERSIST' | 'SEND' | 'CLOSE' | 'ANSWER' }>;

export interface SessionEffectsOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: SessionMetrics;
  readonly machine: SessionMachine<BatchColumns>;
  readonly agents: AgentDirectory;
  readonly connections: AttachedConnections;
  readonly inFlight: BatchesInFlight;
  readonly writes: AgentWrites;
  readonly life: LifeKeeper;
  readonly horizon: RepairHorizon;
  readonly refusals: RefusalNotices;
  readonly clocks: ClockNotices;
  ledger(agentId: string): AgentLedger | undefined;
  isClosing(): boolean;
  /** The machine was told something, and may have something to say. */
  told(): void;
}

/** Does what the session machine says is to be done for an agent, and tells it what came of it. */
export class SessionEffects {
  readonly #deps: SessionEffectsOptions;

  constructor(deps: SessionEffectsOptions) {
    this.#deps = deps;
  }

  /** @param current the connection that was just heard. */
  do(output: AgentEffect, current: number | undefined): void {
    const { writes, metrics } = this.#deps;
    switch (output.kind) {
      case 'APPLY':
        this.#apply(output);
        break;
      case 'UP':
        this.#up(output);
        break;
      case 'HELLO':
        this.#hello(output, current);
        break;
      case 'BYE':
        this.#bye(output.agentId);
        break;
      case 'DIGEST':
        writes.track(this.#digest(output.question));
        break;
      case 'FOLDED': {
        const { catalog } = this.#deps.agents.takeUp(output.agentId);
        const keys = output.epochs.flatMap((epoch) => catalog.forget(epoch));
        writes.remove(keys);
        break;
      }
      case 'AUDITED':
        this.#audited(output);
        break;
      case 'REPAIRED':
        metrics.repaired((output.atMs - output.sinceMs) / 1000);
        break;
      case 'REJECTED':
        this.#rejected(output);
        break;
      case 'ALARM':
        metrics.alarm(output.reason);
    }
  }

  /** Writes states in one commit. */
  persist(outputs: readonly PersistOutput[]): void {
    const { writes, machine, clock } = this.#deps;
    const states = outputs.flatMap((output) => output.states);
    writes.persist(states, (isStored) => {
      for (const { agentId, token } of outputs) {
        if (token !== undefined) machine.persisted(agentId, token, isStored, clock.now());
      }
    });
  }

  async #digest(question: DigestQuestion): Promise<void> {
    const { agentId, token, epoch, windows } = question;
    const { storage, clock, logger, agents } = this.#deps;
    let digests: StoreDigest[] | undefined;
    try {
      const { catalog } = agents.takeUp(agentId);
      const forgottenMs = catalog.forgottenMs(epoch);
      // Where series are forgotten nobody can say what the store has of the agent.
      if (windows.every(({ minTime }) => minTime > forgottenMs)) {
        digests = await digestStore(storage, catalog.seriesOf(epoch).values(), question);
      }
    } catch (error) {
      logger.error({ agentId, err: messageOf(error) }, 'the store could not be audited');
    }
    this.#deps.machine.digested(agentId, token, digests, clock.now());
    this.#deps.told();
  }

  #audited({ agentId, outcome }: Extract<Output, { kind: 'AUDITED' }>): void {
    this.#deps.metrics.audited(outcome);
    if (outcome === 'MATCH') return;
    this.#deps.logger.warn({ agentId, outcome }, 'an audit found a difference, or no answer');
  }

  #rejected({ agentId, reason, fault }: Extract<Output, { kind: 'REJECTED' }>): void {
    const { agents, clock, metrics, refusals } = this.#deps;
    const counts = { samples: 0, frames: 1 };
    agents.takeUp(agentId).refusals.add(reason, counts, clock.now());
    refusals.rejectedFrame(agentId, reason, fault);
    metrics.frameRejected(reason);
  }

  #hello(
    { agentId, hello }: Extract<Output, { kind: 'HELLO' }>,
    current: number | undefined,
  ): void {
    const { agents, connections, writes } = this.#deps;
    const attached = connections.get(current ?? 0);
    if (attached === undefined || current === undefined) return;
    const entry = agents.takeUp(agentId);
    agents.welcome(entry, hello, current, attached);
    writes.remove(agents.forgetSchemas(entry));
    writes.track(this.#recallEarlier(entry));
  }

  /** After a restart it is the store alone that knows which series of earlier epochs went on. */
  async #recallEarlier(entry: AgentEntry): Promise<void> {
    const { storage, clock, logger } = this.#deps;
    const { agentId, catalog, epoch } = entry;
    const unknown = [...catalog.earlier(epoch)].filter(({ ended, lastMs }) => {
      return !ended && lastMs === Number.NEGATIVE_INFINITY;
    });
    if (unknown.length === 0) return;
    const nowMs = clock.now();
    const range = { minTime: nowMs - RECALL_MS, maxTime: nowMs + RECALL_MS };
    try {
      await recallNewest(storage, catalog, unknown, range);
      entry.writer.reconsider();
    } catch (error) {
      logger.error({ agentId, err: messageOf(error) }, 'the store could not be asked for series');
    }
  }

  #bye(agentId: string): void {
    const { agents, clocks, connections, horizon, life, refusals } = this.#deps;
    const entry = agents.get(agentId);
    if (entry === undefined) return;
    horizon.forget(agentId);
    refusals.forget(agentId);
    clocks.forget(agentId);
    const attached = connections.get(entry.connection ?? 0);
    if (attached !== undefined) attached.left = true;
    agents.leaving(entry);
    life.endWhenStored(entry);
  }

  #up({ agentId, up, atMs }: Extract<Output, { kind: 'UP' }>): void {
    const { agents, life } = this.#deps;
    const entry = agents.takeUp(agentId);
    entry.up = up;
    // That the collector stops says nothing of the agent, and with BYE the series ends.
    if (this.#deps.isClosing() || (up === 0 && entry.leaving)) return;
    if (up === 0) agents.contactLost(entry);
    life.write([{ labels: entry.life.up, timestamp: atMs, value: up }]);
  }

  #apply(output: ApplyOutput): void {
    const { agentId, token, frames } = output;
    const { agents, clock, horizon, inFlight, life, machine, refusals, writes } = this.#deps;
    const entry = agents.takeUp(agentId);
    writes.apply(entry, output, ({ result, durationMs }) => {
      let isForgotten = true;
      try {
        machine.applied(agentId, token, result ?? { stored: false }, clock.now());
        isForgotten = result === undefined;
      } finally {
        for (const { sealed } of frames) inFlight.release(entry, sealed);
        if (isForgotten) inFlight.releaseForgotten(entry, this.#deps.ledger(agentId));
      }
      if (result !== undefined) {
        const { storedCount: samples, rejectedCount: rejected, newestMs } = result;
        agents.contact(entry, { samples, rejected, durationMs });
        horizon.rejected(agentId, result.tooOldCount);
        refusals.rejected(agentId, { counts: refusedByReason(result), newestMs });
      }
      life.endWhenStored(entry);
    });
  }
}
