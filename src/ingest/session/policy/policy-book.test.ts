import { expect, test } from 'vitest';
import type { GroupPolicy, Hello } from '../../../formats/tide/index.ts';
import { Labels } from '../../../model/index.ts';
import { agentsOptionsSchema } from '../options.ts';
import { PolicyBook, policyStateOf } from './policy-book.ts';

const own = (group: number, name: string, intervalMs: number): GroupPolicy => ({
  ...{ group, name, selector: name, intervalMs, anchorMs: 7, mode: 'SAMPLE', toleranceId: 0 },
  ...{ priority: 'B', batchTicks: 1, syncTicks: 0, dampeningMs: 0 },
});

const HELLO: Hello = {
  ...{ type: 'HELLO', agentId: 'edge-1', nonce: 1, agentVersion: 'x', bootReason: 'START' },
  ...{ clockMs: 0, codecs: [], capabilities: [], streams: [], previous: [], schemaVersion: 0 },
  ticks: [],
  ...{ schemaHash: { low: 0, high: 0 }, policyVersion: 0 },
  groups: [own(0, 'event', 0), own(1, 'host', 1000), own(2, 'node/127.0.0.1:9100', 5000)],
};
const LABELS = Labels.fromObject({ agent: 'edge-1', site: 'berlin' });

const bookOf = (policies: unknown) =>
  new PolicyBook(agentsOptionsSchema.parse({ policies }).policies);
const policyOf = (policies: unknown, labels = LABELS) =>
  bookOf(policies).policyFor(HELLO, labels, 5);

test('rules apply in order to the groups and agents they match, and later ones count', () => {
  const { groups, tolerances, version } = policyOf([
    { interval: '10s', priority: 'C' },
    { match: { site: 'berlin|paris' }, groups: 'node/.*', interval: '1m', batch_ticks: 3 },
    { match: { site: 'ber' }, interval: '2h' },
    { match: { agent: 'core-.*' }, interval: '3h' },
    { match: { tenant: '.+' }, interval: '4h' },
  ]);
  expect([version, tolerances]).toEqual([5, []]);
  expect(groups).toEqual([
    { ...HELLO.groups[1], intervalMs: 10_000, priority: 'C' },
    { ...HELLO.groups[2], intervalMs: 60_000, priority: 'C', batchTicks: 3 },
  ]);
});

test('on change comes with tolerance, sync and dampening, in ticks that are read', () => {
  const tolerance = { kind: 'relative', value: 0.01 };
  const { groups, tolerances } = policyOf([
    { groups: 'host', mode: 'on_change', tolerance, sync: '30s', dampening: '2s', interval: '3s' },
    { groups: 'node.*', mode: 'on_change', tolerance, interval: '1s' },
  ]);
  const [{ id } = { id: 0 }] = tolerances;
  expect(tolerances).toEqual([{ id, kind: 'RELATIVE', value: 0.01 }]);
  const both = { mode: 'ON_CHANGE', toleranceId: id };
  expect(groups).toMatchObject([
    { ...both, syncTicks: 10, dampeningMs: 2000, intervalMs: 3000 },
    // Its ticks are 5 s apart, whatever is read between them.
    { ...both, syncTicks: 12, dampeningMs: 0, intervalMs: 1000 },
  ]);
});

test('who matches nothing is left alone', () => {
  expect(policyOf([{ match: { agent: 'other' }, interval: '1m' }]).groups).toEqual([]);
  expect(policyOf([]).shedOrder).toEqual([]);
  expect(policyOf([{ shed_order: ['C', 'A'] }]).shedOrder).toEqual(['C', 'A']);
});

test('the hash is that of what is asked, however it is written', () => {
  const one = policyOf([{ interval: '1m' }]);
  const same = policyOf([{ interval: '60s' }, { match: { site: 'x' }, interval: '5m' }]);
  expect(same.hash).toEqual(one.hash);
  expect(policyOf([{ interval: '61s' }]).hash).not.toEqual(one.hash);
  const tolerance = (value: number) =>
    policyOf([{ mode: 'on_change', tolerance: { kind: 'absolute', value } }]).hash;
  expect(tolerance(1)).not.toEqual(tolerance(2));
});

test('what became of a policy shows in what the agent reports', () => {
  const sent = policyOf([{ interval: '1m' }]);
  const reported = (policyVersion: number, policyHash = sent.hash) => ({
    policyVersion,
    policyHash,
  });
  expect(policyStateOf(undefined, reported(5))).toBe('own');
  expect(policyStateOf(sent, undefined)).toBe('pending');
  expect(policyStateOf(sent, reported(4))).toBe('pending');
  expect(policyStateOf(sent, reported(5))).toBe('applied');
  expect(policyStateOf(sent, reported(5, { low: 1, high: 2 }))).toBe('limited');
  expect(policyStateOf(policyOf([]), reported(5))).toBe('own');
});

test.each([
  [{ interval: 'soon' }, 'want a duration of 50ms or more'],
  [{ interval: '10ms' }, 'want a duration of 50ms or more'],
  [{ match: { agent: '(' } }, 'missing'],
  [{ match: { 'a-b': 'x' } }, 'label name'],
  [{ mode: 'never' }, 'Invalid option'],
  [{ intervall: '1s' }, 'intervall'],
])('a rule %j is refused', (rule, problem) => {
  expect(() => agentsOptionsSchema.parse({ policies: [rule] })).toThrow(problem);
});
