import { expect, test } from 'vitest';
import { type GroupPolicy, type Policy, policyHash } from '../../formats/tide/index.ts';
import { DEFAULT_POLICY_LIMITS, Policies, type PolicyLimits } from './policies.ts';

const OWN: GroupPolicy = {
  ...{ group: 1, name: 'host', selector: 'host', intervalMs: 5000, anchorMs: 0, mode: 'SAMPLE' },
  ...{ toleranceId: 0, priority: 'B', batchTicks: 1, syncTicks: 0, dampeningMs: 0 },
};
const OTHER: GroupPolicy = { ...OWN, group: 2, name: 'node', toleranceId: 2, mode: 'ON_CHANGE' };
const OWN_TOLERANCE = { id: 2, kind: 'ABSOLUTE', value: 1 } as const;

/** A policy that asks for some changes of group 1. */
function asking(version: number, changes: Partial<GroupPolicy> | undefined): Policy {
  const groups = changes === undefined ? [] : [{ ...OWN, ...changes }];
  const tolerances = [{ id: 1_000_000, kind: 'RELATIVE', value: 0.1 } as const];
  const hash = policyHash(groups, (id) => tolerances.find((one) => one.id === id), []);
  return { version, groups, tolerances, shedOrder: [], hash };
}

function setUp(limits: Partial<PolicyLimits> = {}) {
  const policies = new Policies([OWN_TOLERANCE], { ...DEFAULT_POLICY_LIMITS, ...limits });
  return { policies, apply: (policy: Policy) => policies.apply(policy, [OWN, OTHER]) };
}

const ON_CHANGE = { mode: 'ON_CHANGE', toleranceId: 1_000_000, syncTicks: 9 } as const;

test('what is asked is in force, and reported by the hash that was sent', () => {
  const { policies, apply } = setUp();
  const policy = asking(3, { ...ON_CHANGE, intervalMs: 60_000, dampeningMs: 5 });
  expect(apply(policy)).toEqual([{ ...policy.groups[0] }, OTHER]);
  expect(policies).toMatchObject({ version: 3, hash: policy.hash });
  expect(policies.tolerance(1_000_000)?.value).toBe(0.1);
  expect(policies.tolerance(2)).toEqual(OWN_TOLERANCE);
});

test('what is not asked any more is as it was; what is older is not heard', () => {
  const { policies, apply } = setUp();
  apply(asking(3, { ...ON_CHANGE, priority: 'C' }));
  expect(apply(asking(2, { priority: 'A' }))).toEqual([]);
  expect(apply(asking(4, undefined))).toEqual([OWN, OTHER]);
  expect(policies).toMatchObject({ version: 4, shedOrder: ['C', 'B', 'A'] });
  expect(policies.tolerance(2)).toEqual(OWN_TOLERANCE);
});

test('limits of the agent win, and are reported by another hash', () => {
  const { policies, apply } = setUp();
  const fast = asking(3, { intervalMs: 100 });
  expect(apply(fast)[0]).toMatchObject({ intervalMs: 1000 });
  expect(policies.hash).not.toEqual(fast.hash);
  expect(apply(asking(4, { batchTicks: 1e9 }))[0]).toMatchObject({ batchTicks: 60 });
  // An agent that is faster by itself may be asked for that.
  const own = new Policies([], DEFAULT_POLICY_LIMITS);
  expect(own.apply(fast, [{ ...OWN, intervalMs: 200 }])[0]?.intervalMs).toBe(200);

  const exact = setUp({ allowOnChange: false });
  const loose = asking(3, { ...ON_CHANGE, priority: 'C' });
  expect(exact.apply(loose)[0]).toEqual({ ...OWN, priority: 'C' });
  expect(exact.policies.hash).not.toEqual(loose.hash);

  const deaf = setUp({ accept: false });
  expect(deaf.apply({ ...loose, shedOrder: ['A'] })).toEqual([OWN, OTHER]);
  expect(deaf.policies).toMatchObject({ version: 3, shedOrder: ['C', 'B', 'A'] });
  expect(deaf.policies.hash).not.toEqual(loose.hash);
});

test('a policy may neither move a group to another grid nor name another selector', () => {
  const { apply } = setUp();
  const [group] = apply(asking(1, { anchorMs: 99, selector: 'everything', name: 'x' }));
  expect(group).toEqual(OWN);
});

test("tolerances of a policy are taken only where they are some, and never for the agent's own", () => {
  const { policies, apply } = setUp();
  const tolerances = [
    { id: 0, kind: 'ABSOLUTE', value: 5 },
    { id: 2, kind: 'ABSOLUTE', value: 99 },
    { id: 2 ** 31 + 1, kind: 'ABSOLUTE', value: 5 },
    { id: 11, kind: 'ABSOLUTE', value: -1 },
    { id: 12, kind: 'RELATIVE', value: NaN },
    { id: 13, kind: 'RELATIVE', value: Infinity },
    { id: 14, kind: 'QUANTUM', value: 0.5 },
    { id: 14, kind: 'QUANTUM', value: 50 },
    { id: 14, kind: 'QUANTUM', value: 0.5 },
  ] as const;
  for (const { id } of tolerances) {
    const [group] = apply({ ...asking(3, { ...ON_CHANGE, toleranceId: id }), tolerances });
    expect([id, group?.toleranceId]).toEqual([id, id === 2 || id === 14 ? id : 0]);
  }
  expect([0, 2 ** 31 + 1, 11, 12, 13].map((id) => policies.tolerance(id))).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
  expect(policies.tolerance(2)).toEqual(OWN_TOLERANCE);
  expect(policies.tolerance(14)?.value).toBe(0.5);
  expect(policies.refusedTolerances.map(({ id }) => id)).toEqual([
    0,
    2,
    2 ** 31 + 1,
    11,
    12,
    13,
    14,
  ]);
});

test('where policies do not count, nor do their tolerances', () => {
  const tolerances = [{ id: 14, kind: 'ABSOLUTE', value: 1 }] as const;
  for (const limits of [{ accept: false }, { allowOnChange: false }]) {
    const { policies, apply } = setUp(limits);
    apply({ ...asking(3, { ...ON_CHANGE, toleranceId: 14 }), tolerances });
    expect(policies.tolerance(14)).toBeUndefined();
  }
});
