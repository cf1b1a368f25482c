import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { AgentEntry } from '../ingest/index.ts';
import { registerProblemMetrics } from './problem-metrics.ts';

const problem = (code: string) => ({ code, sinceMs: undefined, text: '', advice: '' });

test('an agent with problems has a series for each, until they are over; 200 in all', async () => {
  const registry = new Registry();
  const codes = new Map([
    ['a1', ['clock', 'missing']],
    ['a2', []],
  ]);
  registerProblemMetrics(registry, {
    entries: () => [...codes.keys()].map((agentId) => ({ agentId }) as AgentEntry),
    problemsOf: ({ agentId }) => (codes.get(agentId) ?? []).map(problem),
  });
  const lines = async () => {
    const text = await registry.metrics();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
  expect(await lines()).toEqual([
    'tidegauge_agent_problem{agent="a1",code="clock"} 1',
    'tidegauge_agent_problem{agent="a1",code="missing"} 1',
    'tidegauge_troubled_agents 1',
  ]);
  codes.set('a1', []);
  expect(await lines()).toEqual(['tidegauge_troubled_agents 0']);
  for (let agent = 0; agent < 300; agent++) codes.set(`b${agent}`, ['away']);
  const many = await lines();
  expect(many).toHaveLength(201);
  expect(many.at(-1)).toBe('tidegauge_troubled_agents 300');
});
