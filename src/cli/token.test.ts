import { expect, test } from 'vitest';
import { agentsText } from './agents.ts';
import { listText, madeText } from './token.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const TOKEN = {
  ...{ id: 'k7m2qd', expires: '2026-01-01T01:00:00.000Z', uses: 0, maxUses: 1, agents: '*' },
  ...{ labels: {}, revoked: false },
};
const MADE = { ...TOKEN, token: 'k7m2qd.secret', caHash: `sha256:${'ab'.repeat(32)}` };

test('a token comes with the line to run, with the pin', () => {
  const text = madeText({
    ...MADE,
    collectors: ['https://a.example:9443', 'https://10.0.0.1:9443'],
  });
  expect(text).toBe(`Join token k7m2qd: for one agent, until 2026-01-01T01:00:00.000Z.
It is shown this once. Run this where the agent is to be:

  tidegauge agent --collector https://a.example:9443 \\
    --join k7m2qd.secret \\
    --ca-hash sha256:${'ab'.repeat(32)}

The collector is also at https://10.0.0.1:9443.`);
});

test('a token for one id has it in the line; one for many says for which', () => {
  const collectors = ['https://a.example:9443'];
  expect(madeText({ ...MADE, collectors, agents: 'edge-1' })).toContain('--id edge-1');
  const many = madeText({ ...MADE, collectors, agents: 'edge-*', maxUses: 50, expires: null });
  expect(many).toContain('for 50 agents with ids edge-*, until it is revoked.');
  // Without a name that suits the pattern the agent makes one up, and is refused.
  expect(many).toContain('--id edge-NAME');
  expect(many).toContain('where NAME stands');
  expect(madeText({ ...MADE, collectors })).not.toContain('--id');
});

test('without TLS the line has no pin, and it is said what that means', () => {
  const text = madeText({ ...MADE, collectors: ['http://127.0.0.1:9095'], caHash: null });
  expect(text).not.toContain('--ca-hash');
  expect(text).toContain('has no listener with TLS');
  expect(text).toContain('--tls-listen :9443');
});

test('tokens are listed with what they are still good for', () => {
  const tokens = [
    { ...TOKEN, labels: { site: 'b', tenant: 'x' } },
    { ...TOKEN, id: 'aaaaaa', uses: 1 },
    { ...TOKEN, id: 'bbbbbb', revoked: true },
    { ...TOKEN, id: 'cccccc', expires: '2025-12-31T00:00:00.000Z', agents: 'e-*' },
    { ...TOKEN, id: 'dddddd', expires: null, maxUses: 9 },
  ];
  expect(listText(tokens, NOW_MS).split('\n')).toEqual([
    'id      state    uses  expires                   agents  labels',
    'k7m2qd  good     0/1   2026-01-01T01:00:00.000Z  *       site=b tenant=x',
    'aaaaaa  used up  1/1   2026-01-01T01:00:00.000Z  *',
    'bbbbbb  revoked  0/1   2026-01-01T01:00:00.000Z  *',
    'cccccc  expired  0/1   2025-12-31T00:00:00.000Z  e-*',
    'dddddd  good     0/9   never                     *',
  ]);
  expect(listText([], NOW_MS)).toContain('tidegauge token create');
});

test('agents are listed, those revoked as such, known or not', () => {
  const agent = {
    ...{ id: 'a1', state: 'connected' as const, transport: 'websocket', address: '10.0.0.1' },
    ...{ version: '1', lastHeard: '2026-01-01T00:00:00.000Z', clock: null, problems: [] },
  };
  const revoked = ['a2', 'a3'].map((id) => ({ id, since: '2026-01-01T00:00:00.000Z' }));
  const left = { ...agent, id: 'a2', state: 'left' as const, transport: '', address: '' };
  const problem = { since: null, text: '', advice: '' };
  const problems = ['clock', 'missing'].map((code) => ({ code, ...problem }));
  const clock = { aheadSeconds: -3.61, errorSeconds: 0.01, isApart: true };
  const late = { ...agent, clock, problems };
  expect(agentsText([late, left], revoked).split('\n')).toEqual([
    'id  state      transport  address   version  last heard                clock        problems',
    'a1  connected  websocket  10.0.0.1  1        2026-01-01T00:00:00.000Z  3.6s behind  clock missing',
    'a2  revoked                         1        2026-01-01T00:00:00.000Z',
    'a3  revoked',
  ]);
  expect(agentsText([], [])).toContain('tidegauge token create');
});
