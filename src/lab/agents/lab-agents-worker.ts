import { monitorEventLoopDelay } from 'node:perf_hooks';
import { assert, messageOf } from '../../model/index.ts';
import { SPREAD_MS } from '../lab-options.ts';
import { seededRandom } from '../../util/index.ts';
import { freePort } from '../processes/free-port.ts';
import { EXTRA_PATH, startExporterAgent } from './exporter-agent.ts';
import { startGatewayAgent } from './gateway-agent.ts';
import type {
  AgentChange,
  FleetRequest,
  FleetSetup,
  FleetStatus,
  NumberedRequest,
  StartedAgent,
} from './messages.ts';
import { startRemoteWriteAgent } from './remote-write-agent.ts';
import { startSessionAgent } from './session-agent.ts';
import type { AgentSetup, SimulatedAgent } from './simulated-agent.ts';

const LOOP_RESOLUTION_MS = 10;

/** A process that holds many agents of one kind; it does what its parent asks. */
class Fleet {
  readonly #agents = new Map<number, SimulatedAgent>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #setup: FleetSetup | undefined;
  #random = seededRandom(0);
  /** A program of the agents' host that session agents may be asked to read. */
  #extra: SimulatedAgent | undefined;
  #extraPort = 0;

  async answer(request: FleetRequest): Promise<unknown> {
    switch (request.kind) {
      case 'set-up':
        this.#setup = request.setup;
        this.#random = seededRandom(request.setup.seed);
        this.#loopDelay.enable();
        this.#extraPort = await freePort();
        return true;
      case 'start':
        return this.#start(request.agent);
      case 'replace':
        return this.#replace(request.agent, request.change);
      case 'show-extra':
        this.#extra ??= await startExporterAgent(this.#agentSetup(0), this.#extraPort, false);
        return true;
      case 'status':
        return this.#status();
      default:
        await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
        await this.#extra?.stop();
        return true;
    }
  }

  async #start(agent: number, change?: AgentChange): Promise<StartedAgent> {
    const startMs = Date.now();
    const started = await this.#open({ ...this.#agentSetup(agent), ...change });
    this.#agents.set(agent, started);
    return { startMs, port: started.port };
  }

  #agentSetup(agent: number): AgentSetup {
    assert(this.#setup !== undefined, 'a fleet is set up before agents start');
    const spreadMs = Math.floor(this.#random() * SPREAD_MS);
    return { ...this.#setup, hasExtra: false, agent, spreadMs };
  }

  /** As where a file of the agent is changed and the agent started again. */
  async #replace(agent: number, change: AgentChange): Promise<StartedAgent> {
    await this.#agents.get(agent)?.stop();
    return this.#start(agent, change);
  }

  async #open(setup: AgentSetup): Promise<SimulatedAgent> {
    switch (setup.strategy) {
      case 'pull':
        return startExporterAgent(setup);
      case 'remote-write':
        return startRemoteWriteAgent(setup);
      case 'gateway':
        return startGatewayAgent(setup);
      default:
        return startSessionAgent(setup, `http://127.0.0.1:${this.#extraPort}${EXTRA_PATH}`);
    }
  }

  #status(): FleetStatus {
    const agents = [...this.#agents.values()];
    return {
      droppedSamples: agents.reduce((sum, { droppedSamples }) => sum + droppedSamples, 0),
      lateMsMax: Math.max(0, this.#loopDelay.max / 1e6 - LOOP_RESOLUTION_MS),
      sessions: agents.filter(({ inSession }) => inSession).length,
    };
  }
}

const fleet = new Fleet();
process.on('message', (request: NumberedRequest) => {
  fleet.answer(request).then(
    (result) => process.send?.({ id: request.id, result }),
    (error: unknown) => process.send?.({ id: request.id, error: messageOf(error) }),
  );
});
// Without a parent there is nobody to answer.
process.on('disconnect', () => process.exit(0));
