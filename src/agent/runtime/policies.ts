import {
  type GroupPolicy,
  type Hash64,
  type Policy,
  policyHash,
  type PriorityClass,
  type Tolerance,
} from '../../formats/tide/index.ts';
import { WIDE_IDS } from './group-policy.ts';

const NO_HASH: Hash64 = { low: 0, high: 0 };
const OWN_SHED_ORDER: readonly PriorityClass[] = ['C', 'B', 'A'];

/** What waits in a group for its batch is not sent meanwhile. */
const BATCH_TICKS_MAX = 60;

/** What the collector may change; the agent's word is the last. */
export interface PolicyLimits {
  /** With false all stays as the agent has it. */
  readonly accept: boolean;
  /** No group is read more often than this because of a policy. */
  readonly intervalMsMin: number;
  /** Whether mode, tolerance and dampening may be changed: with false no value is left out. */
  readonly allowOnChange: boolean;
}

export const DEFAULT_POLICY_LIMITS: PolicyLimits = {
  accept: true,
  intervalMsMin: 1000,
  allowOnChange: true,
};

/** The policy in force: the agent's own until the collector sends one. */
export class Policies {
  readonly #limits: PolicyLimits;
  readonly #ownTolerances = new Map<number, Tolerance>();
  #tolerances = new Map<number, Tolerance>();
  #version = 0;
  #hash = NO_HASH;
  #shedOrder = OWN_SHED_ORDER;
  #refused: readonly Tolerance[] = [];

  constructor(tolerances: readonly Tolerance[], limits: PolicyLimits = DEFAULT_POLICY_LIMITS) {
    this.#limits = limits;
    for (const tolerance of tolerances) this.#ownTolerances.set(tolerance.id, tolerance);
  }

  get version(): number {
    return this.#version;
  }

  /** Of what is in force of the policy's groups: that of the policy where nothing limits it. */
  get hash(): Hash64 {
    return this.#hash;
  }

  get shedOrder(): readonly PriorityClass[] {
    return this.#shedOrder;
  }

  /** Of the policy in force: tolerances that are none, or whose ids mean something else already. */
  get refusedTolerances(): readonly Tolerance[] {
    return this.#refused;
  }

  tolerance(id: number): Tolerance | undefined {
    return this.#ownTolerances.get(id) ?? this.#tolerances.get(id);
  }

  /**
   * Takes a policy over, unless it is older than the one in force. `groups` are the agent's own
   * policies, as it declares them. Returns what is in force of each from now on: those that the
   * policy does not name are as the agent has them. Selectors stay the agent's own, as a policy
   * may narrow and never widen; and a group whose tolerance is refused is sent exactly.
   */
  apply(policy: Policy, groups: readonly GroupPolicy[]): readonly GroupPolicy[] {
    if (policy.version < this.#version) return [];
    const { accept } = this.#limits;
    this.#version = policy.version;
    this.#takeTolerances(policy.tolerances);
    const asked = accept ? policy.shedOrder : [];
    this.#shedOrder = asked.length > 0 ? asked : OWN_SHED_ORDER;
    const named: GroupPolicy[] = [];
    const inForce = groups.map((own) => {
      const wanted = policy.groups.find(({ group }) => group === own.group);
      if (wanted === undefined) return own;
      const next = accept ? this.#narrowed(own, wanted) : own;
      named.push(next);
      return next;
    });
    this.#hash = policyHash(named, (id) => this.tolerance(id), asked);
    return inForce;
  }

  #takeTolerances(tolerances: readonly Tolerance[]): void {
    const { accept, allowOnChange } = this.#limits;
    const refused: Tolerance[] = [];
    this.#tolerances = new Map();
    this.#refused = refused;
    if (!accept || !allowOnChange) return;
    for (const tolerance of tolerances) {
      const { id } = tolerance;
      const known = this.tolerance(id);
      if (known !== undefined && isSame(known, tolerance)) continue;
      if (known !== undefined || !isUsable(tolerance)) refused.push(tolerance);
      else this.#tolerances.set(id, tolerance);
    }
  }

  #narrowed(own: GroupPolicy, wanted: GroupPolicy): GroupPolicy {
    const { intervalMsMin, allowOnChange } = this.#limits;
    // What the agent does by itself it may be asked to do.
    const leastMs = Math.min(own.intervalMs, intervalMsMin);
    const mostTicks = Math.max(own.batchTicks, BATCH_TICKS_MAX);
    const isKnown = this.tolerance(wanted.toleranceId) !== undefined;
    const onChange = allowOnChange
      ? {
          mode: wanted.mode,
          toleranceId: isKnown ? wanted.toleranceId : 0,
          syncTicks: wanted.syncTicks,
          dampeningMs: wanted.dampeningMs,
        }
      : {};
    return {
      ...own,
      ...onChange,
      intervalMs: Math.max(leastMs, wanted.intervalMs || own.intervalMs),
      priority: wanted.priority,
      batchTicks: Math.max(1, Math.min(wanted.batchTicks, mostTicks)),
    };
  }
}

/** 0 stands for none, and ids from `WIDE_IDS` on for what is permitted under pressure. */
function isUsable({ id, value }: Tolerance): boolean {
  return id > 0 && id < WIDE_IDS && value >= 0 && value < Infinity;
}

function isSame(one: Tolerance, other: Tolerance): boolean {
  return one.kind === other.kind && one.value === other.value;
}
