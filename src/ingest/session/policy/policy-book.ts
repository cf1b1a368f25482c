import {
  type GroupPolicy,
  type Hash64,
  type Hello,
  type Policy,
  policyHash,
  type PriorityClass,
  type Tolerance,
} from '../../../formats/tide/index.ts';
import { type AnchoredRegex, compileAnchored, type Labels } from '../../../model/index.ts';
import type { PolicyRule } from './policy-rule.ts';

/** Ids from here on are those of policies; agents count their own from 1. */
const TOLERANCE_ID_FIRST = 1_000_000;
const DEFAULT_SYNC_MS = 60_000;
const KINDS = { absolute: 'ABSOLUTE', relative: 'RELATIVE', quantum: 'QUANTUM' } as const;
const MODES = { sample: 'SAMPLE', on_change: 'ON_CHANGE' } as const;

/** What an agent was sent last, and what became of it as its heartbeats say. */
export type PolicyState = 'own' | 'pending' | 'applied' | 'limited';

interface CompiledRule {
  readonly rule: PolicyRule;
  readonly match: readonly (readonly [name: string, AnchoredRegex])[];
  readonly groups: AnchoredRegex;
}

/** The policies of the configuration: what agents are to do otherwise than by themselves. */
export class PolicyBook {
  #rules: readonly CompiledRule[] = [];

  constructor(rules: readonly PolicyRule[]) {
    this.configure(rules);
  }

  configure(rules: readonly PolicyRule[]): void {
    this.#rules = rules.map((rule) => ({
      rule,
      match: Object.entries(rule.match).map(([name, source]) => [name, compileAnchored(source)]),
      groups: compileAnchored(rule.groups),
    }));
  }

  /**
   * The policy for an agent of these labels, over the groups that its HELLO declares as its own.
   * Rules apply in order, and what a later one says counts. A policy without groups takes back what
   * an earlier one said.
   */
  policyFor(hello: Hello, labels: Labels, version: number): Policy {
    const rules = this.#rules.filter(({ match }) =>
      match.every(([name, expression]) => expression.test(labels.get(name))),
    );
    const tolerances: Tolerance[] = [];
    const groups: GroupPolicy[] = [];
    for (const own of hello.groups) {
      // Events are on no grid.
      if (own.intervalMs === 0) continue;
      const said = rules.filter((compiled) => compiled.groups.test(own.name));
      if (said.length > 0) groups.push(changed(own, said, tolerances));
    }
    let shedOrder: readonly PriorityClass[] = [];
    for (const { rule } of rules) shedOrder = rule.shed_order ?? shedOrder;
    const find = (id: number): Tolerance | undefined => tolerances.find((one) => one.id === id);
    const hash = policyHash(groups, find, shedOrder);
    return { version, groups, tolerances, shedOrder, hash };
  }
}

/** What became of a policy, by the version and hash that the agent reports. */
export function policyStateOf(
  sent: Pick<Policy, 'version' | 'hash' | 'groups' | 'shedOrder'> | undefined,
  reported: { readonly policyVersion: number; readonly policyHash: Hash64 } | undefined,
): PolicyState {
  if (sent === undefined) return 'own';
  if (reported === undefined || reported.policyVersion !== sent.version) return 'pending';
  if (sent.groups.length === 0 && sent.shedOrder.length === 0) return 'own';
  const { policyHash: hash } = reported;
  return hash.low === sent.hash.low && hash.high === sent.hash.high ? 'applied' : 'limited';
}

function changed(
  own: GroupPolicy,
  said: readonly CompiledRule[],
  tolerances: Tolerance[],
): GroupPolicy {
  const all: Partial<PolicyRule> = {};
  for (const { rule } of said) {
    for (const [key, value] of Object.entries(rule)) {
      if (value !== undefined) Object.assign(all, { [key]: value });
    }
  }
  const intervalMs = all.interval ?? own.intervalMs;
  const mode = all.mode === undefined ? own.mode : MODES[all.mode];
  // Ticks stay on the agent's grid: a shorter interval reads between them.
  const tickMs = Math.max(own.intervalMs, intervalMs);
  const ownSyncMs = own.syncTicks * own.intervalMs;
  const syncMs = all.sync ?? (ownSyncMs > 0 ? ownSyncMs : DEFAULT_SYNC_MS);
  return {
    ...own,
    intervalMs,
    mode,
    toleranceId: all.tolerance === undefined ? own.toleranceId : idOf(all.tolerance, tolerances),
    priority: all.priority ?? own.priority,
    batchTicks: all.batch_ticks ?? own.batchTicks,
    syncTicks: mode === 'SAMPLE' ? 0 : Math.max(1, Math.round(syncMs / tickMs)),
    dampeningMs: all.dampening ?? own.dampeningMs,
  };
}

/** Id of a tolerance of this policy, which is added to its list if it is new. */
function idOf(
  { kind, value }: NonNullable<PolicyRule['tolerance']>,
  tolerances: Tolerance[],
): number {
  const known = tolerances.find((one) => one.kind === KINDS[kind] && one.value === value);
  if (known !== undefined) return known.id;
  const id = TOLERANCE_ID_FIRST + tolerances.length;
  tolerances.push({ id, kind: KINDS[kind], value });
  return id;
}
