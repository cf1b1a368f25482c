import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  AgentChange,
  FleetAnswer,
  FleetRequest,
  FleetSetup,
  FleetStatus,
  StartedAgent,
} from '../agents/messages.ts';
import { workerEntry } from '../../util/index.ts';
import { LabError } from '../errors.ts';
import { Child } from './child.ts';

const ANSWER_TIMEOUT_MS = 20_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The process that holds all agents of a strategy. */
export class AgentsProcess {
  readonly #process: ChildProcess;
  readonly #child: Child;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor() {
    const entry = fileURLToPath(workerEntry('lab-agents-worker'));
    this.#process = fork(entry, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = new Child(this.#process);
    this.#process.on('message', (answer: FleetAnswer) => this.#take(answer));
    void this.#child.exited.then(() => {
      for (const waiting of this.#waiting.values()) {
        waiting.reject(new LabError(`the agents have ended: ${this.#child.output.slice(-1000)}`));
      }
      this.#waiting.clear();
    });
  }

  static async start(setup: FleetSetup): Promise<AgentsProcess> {
    const agents = new AgentsProcess();
    await agents.#ask({ kind: 'set-up', setup });
    return agents;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async start(agent: number): Promise<StartedAgent> {
    return (await this.#ask({ kind: 'start', agent })) as StartedAgent;
  }

  /** Stops an agent and starts it with other settings. */
  async replace(agent: number, change: AgentChange): Promise<StartedAgent> {
    return (await this.#ask({ kind: 'replace', agent, change })) as StartedAgent;
  }

  async showExtra(): Promise<void> {
    await this.#ask({ kind: 'show-extra' });
  }

  async status(): Promise<FleetStatus> {
    return (await this.#ask({ kind: 'status' })) as FleetStatus;
  }

  async close(): Promise<void> {
    await this.#child.kill();
  }

  #ask(request: FleetRequest): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new LabError(`the agents did not ${request.kind} in ${ANSWER_TIMEOUT_MS} ms`));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#process.send({ ...request, id });
    });
  }

  #take(answer: FleetAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new LabError(answer.error));
    else waiting?.resolve(answer.result);
  }
}
