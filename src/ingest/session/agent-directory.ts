import type { Hello } from '../../formats/tide/index.ts';
import { type AgentLedger, pushSourceId, type SourceRegistry } from '../../sources/index.ts';
import type { Storage } from '../../storage/api.ts';
import type { Clock } from '../../util/index.ts';
import { AgentEntry } from './agent-entry.ts';
import type { Attached } from './attached-connections.ts';
import type { AgentsOptions } from './options.ts';

export interface AgentDirectoryOptions {
  readonly storage: Storage;
  readonly sources: SourceRegistry;
  readonly clock: Clock;
  readonly options: AgentsOptions;
  ledger(agentId: string): AgentLedger | undefined;
}

/** Every agent that is known to the collector, and how each stands among its sources. */
export class AgentDirectory {
  readonly #deps: AgentDirectoryOptions;
  readonly #entries = new Map<string, AgentEntry>();

  constructor(deps: AgentDirectoryOptions) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(agentId: string): boolean {
    return this.#entries.has(agentId);
  }

  get(agentId: string | undefined): AgentEntry | undefined {
    return agentId === undefined ? undefined : this.#entries.get(agentId);
  }

  values(): Iterable<AgentEntry> {
    return this.#entries.values();
  }

  /** In order of id; a copy. */
  sorted(): AgentEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  /** The agent's entry, made where there is none. */
  takeUp(agentId: string): AgentEntry {
    const known = this.#entries.get(agentId);
    if (known !== undefined) return known;
    const { storage, options, clock } = this.#deps;
    const ledger = this.#deps.ledger(agentId);
    const entry = new AgentEntry(agentId, {
      storage,
      stepMs: options.heartbeat_ms,
      maxSeries: options.max_series_per_agent,
      nowMs: clock.now(),
      ledger,
    });
    const newest = ledger?.epochs.at(-1);
    entry.leaving = newest?.state === 'LEFT';
    entry.gone = entry.leaving;
    this.#entries.set(agentId, entry);
    // One that the collector knew before it was started again shows, also if it never comes back.
    if (newest !== undefined && !entry.leaving) this.#expect(entry, '(tide.v1)');
    return entry;
  }

  /** The agent has a session, on connection `id`. */
  welcome(entry: AgentEntry, hello: Hello, id: number, attached: Attached): void {
    const { agentId } = entry;
    const { clock } = this.#deps;
    const ledger = this.#deps.ledger(agentId);
    attached.agentId = agentId;
    entry.enforce(attached.principal.labels);
    entry.connection = id;
    entry.epoch = ledger?.currentEpoch ?? 0;
    entry.hello = hello;
    entry.lastHeardMs = clock.now();
    entry.leaving = false;
    entry.gone = false;
    const epochs = ledger?.epochs ?? [];
    for (const [index, { epoch }] of epochs.entries()) {
      const next = epochs[index + 1];
      if (next?.epoch === entry.epoch) entry.absences.set(epoch, next.epoch);
    }
    const intervals = hello.groups.map(({ intervalMs }) => intervalMs).filter((ms) => ms > 0);
    const { address, transport } = attached.connection;
    this.#expect(entry, `${address} (tide.v1, ${transport})`, intervals);
  }

  #expect(
    { agentId, labels }: AgentEntry,
    endpoint: string,
    intervals: readonly number[] = [],
  ): void {
    this.#deps.sources.expect({
      ...{ id: pushSourceId('tide', agentId), kind: 'push', name: 'tide', labels, endpoint },
      intervalMs: Math.max(this.#deps.options.heartbeat_ms, ...intervals),
    });
  }

  /** Keys of the schemas of epochs that nothing will come of any more, which are forgotten here. */
  forgetSchemas(entry: AgentEntry): string[] {
    const held = new Set(entry.hello?.previous.map(({ epoch }) => epoch));
    const keys: string[] = [];
    const epochs = this.#deps.ledger(entry.agentId)?.epochs ?? [];
    // Of the run before this one it has still to be seen which series have ended with it.
    held.add(Math.max(...epochs.map(({ epoch }) => epoch).filter((one) => one < entry.epoch)));
    for (const epoch of epochs) {
      if (epoch.epoch === entry.epoch || held.has(epoch.epoch) || !epoch.isSettled) continue;
      keys.push(...entry.catalog.forget(epoch.epoch));
    }
    return keys;
  }

  /** The agent said BYE. */
  leaving(entry: AgentEntry): void {
    entry.leaving = true;
    this.#deps.sources.end(pushSourceId('tide', entry.agentId));
  }

  /** The agent's samples were written. */
  contact(
    { agentId }: AgentEntry,
    contact: { samples: number; rejected: number; durationMs: number },
  ): void {
    this.#deps.sources.contact(pushSourceId('tide', agentId), contact);
  }

  contactLost({ agentId }: AgentEntry): void {
    const error = 'the connection was lost';
    const contact = { samples: 0, rejected: 0, durationMs: 0, error };
    this.#deps.sources.contact(pushSourceId('tide', agentId), contact);
  }
}
