import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ChaosProxy } from '../../src/lab/chaos-proxy.ts';
import { packageRoot } from '../../src/util/package-root.ts';
import {
  accounts,
  type AgentAccount,
  ask,
  disagreements,
  storedTruth,
  type SyntheticAgent,
} from './hybrid-store-check.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from './processes.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const INTERVAL_MS = 1000;
const POLL_MS = 5;

export interface FleetOptions {
  readonly agents: number;
  readonly series: number;
  readonly heartbeatMs: number;
  readonly reconnectSpreadMs: number;
}

/** One agent process, with a proxy of its own between it and the collector. */
export interface FleetAgent extends SyntheticAgent {
  readonly proxy: ChaosProxy;
  process: RunningProcess;
}

/** A collector and some agents, all processes of their own, on a network that can be broken. */
export class HybridFleet {
  readonly agents: FleetAgent[] = [];
  readonly #options: FleetOptions;
  readonly #folder: string;
  readonly #port: number;
  #collector: RunningProcess | undefined;

  private constructor(options: FleetOptions, folder: string, port: number) {
    this.#options = options;
    this.#folder = folder;
    this.#port = port;
  }

  static async start(options: FleetOptions): Promise<HybridFleet> {
    const folder = await mkdtemp(join(tmpdir(), 'tidegauge-hybrid-'));
    const fleet = new HybridFleet(options, folder, await freePort());
    await fleet.#writeConfig();
    await fleet.startCollector();
    for (let agent = 0; agent < options.agents; agent++) await fleet.#addAgent(agent);
    return fleet;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get collectorPid(): number {
    return this.#collector?.pid ?? 0;
  }

  async startCollector(): Promise<void> {
    this.#collector = await startProcess({
      command: process.execPath,
      args: [
        ...[BINARY, 'serve', '--listen', `127.0.0.1:${this.#port}`],
        ...['--data', this.#dataDir, '--config', join(this.#folder, 'config.yml')],
      ],
      ready: { url: `${this.url}/-/ready` },
      timeoutMs: 60_000,
    });
  }

  /** Ends the collector as a crash would. */
  async killCollector(): Promise<void> {
    this.#collector?.kill('SIGKILL');
    await this.#collector?.exited;
  }

  async deleteData(): Promise<void> {
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  async killAgent(agent: FleetAgent): Promise<void> {
    agent.process.kill('SIGKILL');
    await agent.process.exited;
  }

  async startAgent(agent: FleetAgent): Promise<void> {
    agent.process = await this.#launch(agent);
  }

  /** Every agent leaves in good order. */
  async leave(): Promise<void> {
    await Promise.all(this.agents.map(({ process: running }) => running.stop(20_000)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.agents.map(({ process: running }) => running.stop(1000)));
    await Promise.all(this.agents.map(({ proxy }) => proxy.close()));
    await this.#collector?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The newest tick of an agent that a query shows, of its last series; undefined for none. */
  async newestTick({ id, series }: SyntheticAgent): Promise<number | undefined> {
    const query = `timestamp(tidegauge_synthetic{agent="${id}",series="${series - 1}"})`;
    const { result } = await this.#query(query);
    const seconds = result[0]?.value[1];
    return seconds === undefined ? undefined : Math.round((Number(seconds) * 1000) / INTERVAL_MS);
  }

  /** The ticks after `from` up to `to` that the last series of an agent has. */
  async ticksOf({ id, series }: SyntheticAgent, from: number, to: number): Promise<number[]> {
    const selector = `tidegauge_synthetic{agent="${id}",series="${series - 1}"}`;
    const window = `[${Math.max(1, to - from)}s]`;
    const params = { query: `${selector}${window}`, time: String((to * INTERVAL_MS) / 1000) };
    type Matrix = { readonly result: readonly { readonly values: readonly [number, string][] }[] };
    const { result } = await ask<Matrix>(this.url, '/api/v1/query', params);
    const ticks = result[0]?.values.map(([seconds]) => Math.round((seconds * 1000) / INTERVAL_MS));
    return ticks?.filter((tick) => tick > from) ?? [];
  }

  /** Whether each agent is connected, as the collector tells. */
  async states(): Promise<Map<string, string>> {
    const { agents } = await ask<AgentList>(this.url, '/api/v1/agents');
    return new Map(agents.map(({ id, state }) => [id, state]));
  }

  /** The epoch that each agent is in. */
  async epochs(): Promise<Map<string, number>> {
    const { agents } = await ask<AgentList>(this.url, '/api/v1/agents');
    return new Map(agents.map(({ id, epoch }) => [id, epoch]));
  }

  /** `up` of each agent as a query gives it now. */
  async up(): Promise<Map<string, number>> {
    const { result } = await this.#query('up{job="tidegauge-agent"}');
    return new Map(result.map(({ metric, value }) => [metric['agent'] ?? '', Number(value[1])]));
  }

  accounts(): Promise<Map<string, AgentAccount>> {
    return accounts(this.url);
  }

  /** Reads one series of an agent over its own connection; how long the answer took. */
  async readMs({ id }: SyntheticAgent): Promise<number> {
    const start = performance.now();
    const params = { selector: 'tidegauge_synthetic{series="7"}' };
    const path = `/api/v1/agents/${id}/read`;
    type Read = { readonly status: string; readonly series?: readonly unknown[] };
    const read = await ask<Read>(this.url, path, params, { method: 'POST' });
    if (read.series?.length !== 1) throw new Error(`READ of ${id}: ${JSON.stringify(read)}`);
    return performance.now() - start;
  }

  /** Resolves when every agent has all it sampled in the store, as far as its ledger knows. */
  async healed(timeoutMs: number): Promise<void> {
    await until('all agents healed', timeoutMs, async () => {
      const all = await this.accounts();
      return this.agents.every(({ id }) => {
        const account = all.get(id);
        // The tick of this very moment may be on its way, but no number that was sealed before.
        const isHere = account?.frames['missing'] === 0;
        return isHere && account.terms.missing <= 2 * this.#options.series;
      });
    });
  }

  /** Resolves when no agent has anything on its way any more. */
  async settled(timeoutMs: number): Promise<void> {
    await until('all agents settled', timeoutMs, async () => {
      const all = await this.accounts();
      return this.agents.every(({ id }) => {
        const terms = all.get(id)?.terms;
        return terms !== undefined && terms.missing + terms.inFlight === 0;
      });
    });
  }

  /** What is not as it must be, once all agents have left. */
  async disagreements(): Promise<string[]> {
    const all = await this.accounts();
    const found: string[] = [];
    for (const agent of this.agents) {
      const account = all.get(agent.id);
      if (account === undefined) found.push(`${agent.id}: no account`);
      else found.push(...disagreements(agent.id, account, await storedTruth(this.url, agent)));
    }
    return found;
  }

  async #addAgent(agent: number): Promise<void> {
    const proxy = await ChaosProxy.start({ targetPort: this.#port, seed: agent + 1 });
    const id = `hybrid-${agent}`;
    const { series } = this.#options;
    const added = { id, agent, series, intervalMs: INTERVAL_MS, proxy };
    this.agents.push({ ...added, process: await this.#launch(added) });
  }

  #launch({ id, agent, series, proxy }: Omit<FleetAgent, 'process'>): Promise<RunningProcess> {
    return startProcess({
      command: process.execPath,
      args: [
        ...[BINARY, 'agent', '--collector', proxy.url, '--id', id, '--interval', '1s'],
        ...['--data', join(this.#folder, id), '--transport', 'websocket'],
        ...['--synthetic-series', String(series), '--synthetic-first', String(agent)],
      ],
    });
  }

  async #writeConfig(): Promise<void> {
    const { heartbeatMs, reconnectSpreadMs } = this.#options;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(
      join(this.#folder, 'config.yml'),
      [
        'tidegauge:',
        '  agents:',
        `    heartbeat: ${heartbeatMs}ms`,
        `    reconnect_spread: ${reconnectSpreadMs}ms`,
        '',
      ].join('\n'),
    );
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  #query(query: string): Promise<{ readonly result: readonly InstantSample[] }> {
    return ask(this.url, '/api/v1/query', { query });
  }
}

interface AgentList {
  readonly agents: readonly {
    readonly id: string;
    readonly state: string;
    readonly epoch: number;
  }[];
}

interface InstantSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Polls until `check` holds; how long that took, milliseconds. @throws Error after `timeoutMs` */
export async function until(
  what: string,
  timeoutMs: number,
  check: () => Promise<boolean> | boolean,
): Promise<number> {
  const start = performance.now();
  let last = '';
  while (performance.now() - start < timeoutMs) {
    try {
      if (await check()) return performance.now() - start;
      last = '';
    } catch (error) {
      last = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms${last}`);
}
