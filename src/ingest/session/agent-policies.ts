import type { Hello, Policy } from '../../formats/tide/index.ts';
import type { Clock } from '../../util/index.ts';
import type { AgentDirectory } from './agent-directory.ts';
import type { AgentEntry } from './agent-entry.ts';
import type { OutgoingMessage } from './attached-connections.ts';
import { PolicyBook } from './policy/policy-book.ts';
import type { PolicyRule } from './policy/policy-rule.ts';

export interface AgentPoliciesOptions {
  readonly agents: AgentDirectory;
  readonly clock: Clock;
  send(connection: number, message: OutgoingMessage, epoch: number): void;
}

/** Which agent has which policy: told with WELCOME, and again where it changes. */
export class AgentPolicies {
  readonly #options: AgentPoliciesOptions;
  readonly #book: PolicyBook;

  constructor(rules: readonly PolicyRule[], options: AgentPoliciesOptions) {
    this.#options = options;
    this.#book = new PolicyBook(rules);
  }

  /** Takes other policies over, and sends them to the agents that they change something for. */
  configure(rules: readonly PolicyRule[]): void {
    this.#book.configure(rules);
    for (const entry of this.#options.agents.values()) {
      const { connection, hello, policy: before } = entry;
      if (connection === undefined || hello === undefined) continue;
      const policy = this.#book.policyFor(hello, entry.labels, this.#version(entry));
      const isSame = before?.hash.low === policy.hash.low && before.hash.high === policy.hash.high;
      if (isSame || (before === undefined && isEmpty(policy))) continue;
      entry.policy = policy;
      this.#options.send(connection, { type: 'POLICY', policy }, entry.epoch);
    }
  }

  /** What WELCOME says; undefined leaves the agent as it is. */
  welcome(hello: Hello): Policy | undefined {
    const entry = this.#options.agents.takeUp(hello.agentId);
    const version = Math.max(this.#version(entry), hello.policyVersion + 1);
    const policy = this.#book.policyFor(hello, entry.labels, version);
    // One that had a policy is told that there is none any more.
    entry.policy = isEmpty(policy) && hello.policyVersion === 0 ? undefined : policy;
    return entry.policy;
  }

  /** Rises also over restarts of the collector, as long as its clock does. */
  #version({ policy }: AgentEntry): number {
    return Math.max(this.#options.clock.now(), (policy?.version ?? 0) + 1);
  }
}

function isEmpty({ groups, shedOrder }: Policy): boolean {
  return groups.length === 0 && shedOrder.length === 0;
}
