import { setTimeout as sleep } from 'node:timers/promises';
import { instanceOf } from './agents/synthetic-load.ts';
import type { LabOptions } from './lab-options.ts';
import { NETWORK } from './lab-options.ts';
import { LabNetwork } from './network.ts';
import { AgentsProcess } from './processes/agents-process.ts';
import { CollectorProcess } from './processes/collector-process.ts';
import { QueryClient } from './query-client.ts';
import { seededRandom } from '../util/index.ts';
import { configOf, type Strategy, TARGETS_FILE } from './strategies.ts';

interface Target {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One strategy at work: a collector, agents, and the network between them. */
export class Rig {
  readonly strategy: Strategy;
  readonly options: LabOptions;
  readonly collector: CollectorProcess;
  readonly network: LabNetwork;
  readonly agents: AgentsProcess;
  readonly client: QueryClient;
  /** When each agent began to start, wall milliseconds. */
  readonly startMs: number[] = [];
  readonly #targets: Target[] = [];

  private constructor(
    parts: Pick<Rig, 'strategy' | 'options' | 'collector' | 'network' | 'agents'>,
  ) {
    this.strategy = parts.strategy;
    this.options = parts.options;
    this.collector = parts.collector;
    this.network = parts.network;
    this.agents = parts.agents;
    this.client = new QueryClient(parts.collector.url);
  }

  /** Starts everything but the agents themselves. @throws LabError */
  static async start(strategy: Strategy, options: LabOptions): Promise<Rig> {
    const collector = await CollectorProcess.start(options.command, () => {
      return configOf(strategy, options);
    });
    const network = new LabNetwork(options.seed, NETWORK);
    try {
      const port = strategy.dials === 'agent' ? await network.reach(collector.port) : 0;
      const { seed, series, intervalMs } = options;
      const agents = await AgentsProcess.start({
        strategy: strategy.name,
        collectorUrl: `http://127.0.0.1:${port}`,
        ...{ seed, series, intervalMs },
      });
      return new Rig({ strategy, options, collector, network, agents });
    } catch (error) {
      await network.close();
      await collector.close();
      throw error;
    }
  }

  /** Starts all agents, each at a random moment within a while. */
  async startAgents(withinMs: number): Promise<void> {
    const random = seededRandom(this.options.seed);
    const begin = performance.now();
    const moments = Array.from({ length: this.options.agents }, () => random() * withinMs);
    moments.sort((a, b) => a - b);
    for (const [agent, momentMs] of moments.entries()) {
      await sleep(Math.max(0, begin + momentMs - performance.now()));
      await this.#startAgent(agent);
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.agents.close();
    await this.network.close();
    await this.collector.close();
  }

  async #startAgent(agent: number): Promise<void> {
    const { startMs, port } = await this.agents.start(agent);
    this.startMs[agent] = startMs;
    if (port === 0) return;
    // As a service discovery does, at once.
    const reached = await this.network.reach(port);
    this.#targets.push({
      targets: [`127.0.0.1:${reached}`],
      labels: { instance: instanceOf(agent), __agent: String(agent) },
    });
    await this.collector.write(TARGETS_FILE, JSON.stringify(this.#targets));
  }
}
