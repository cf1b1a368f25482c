import type {
  GroupPolicy,
  Hash64,
  Policy,
  PriorityClass,
  Tolerance,
} from '../../formats/tide/index.ts';

const NO_HASH: Hash64 = { low: 0, high: 0 };
/** Below, reading costs more than it tells. */
const INTERVAL_MS_MIN = 50;

/** The policy in force: the agent's own until the collector sends one. */
export class Policies {
  #tolerances = new Map<number, Tolerance>();
  #version = 0;
  #hash = NO_HASH;
  #shedOrder: readonly PriorityClass[] = ['C', 'B', 'A'];

  constructor(tolerances: readonly Tolerance[]) {
    for (const tolerance of tolerances) this.#tolerances.set(tolerance.id, tolerance);
  }

  get version(): number {
    return this.#version;
  }

  get hash(): Hash64 {
    return this.#hash;
  }

  get shedOrder(): readonly PriorityClass[] {
    return this.#shedOrder;
  }

  tolerance(id: number): Tolerance | undefined {
    return this.#tolerances.get(id);
  }

  /**
   * Takes a policy over, unless it is older than the one in force. Returns the groups' new
   * policies; selectors stay the agent's own, as a policy may narrow and never widen.
   */
  apply(policy: Policy, groups: readonly GroupPolicy[]): GroupPolicy[] {
    if (policy.version < this.#version) return [];
    this.#version = policy.version;
    this.#hash = policy.hash;
    if (policy.shedOrder.length > 0) this.#shedOrder = policy.shedOrder;
    for (const tolerance of policy.tolerances) this.#tolerances.set(tolerance.id, tolerance);
    return policy.groups.flatMap((wanted) => {
      const own = groups.find(({ group }) => group === wanted.group);
      return own === undefined ? [] : [this.#narrowed(own, wanted)];
    });
  }

  #narrowed(own: GroupPolicy, wanted: GroupPolicy): GroupPolicy {
    return {
      ...own,
      intervalMs: Math.max(INTERVAL_MS_MIN, wanted.intervalMs || own.intervalMs),
      mode: wanted.mode,
      toleranceId: this.#tolerances.has(wanted.toleranceId) ? wanted.toleranceId : 0,
      priority: wanted.priority,
      batchTicks: Math.max(1, wanted.batchTicks),
      syncTicks: wanted.syncTicks,
      dampeningMs: wanted.dampeningMs,
    };
  }
}
