import { expect, test } from 'vitest';
import type { AgentAnswer, CompletenessAnswer } from '../api/index.ts';
import { agentReport } from './agent-report.ts';

const AGENT: AgentAnswer = {
  ...{ id: 'edge-7', labels: {}, state: 'connected', epoch: 1, transport: 'websocket' },
  ...{ address: '10.0.0.7', version: '0.1.0', bootReason: 'START', capabilities: [] },
  lastHeard: '2026-01-01T00:10:00.000Z',
  clock: { aheadSeconds: -3.4, errorSeconds: 0.001, isApart: true },
  groups: [{ group: 1, name: 'host', intervalSeconds: 15 }],
  policy: { state: 'applied', version: 3 },
  ring: { usedBytes: 2 ** 19, limitBytes: 2 ** 28, oldest: '2026-01-01T00:00:00.000Z' },
  ...{ leases: [], cpuSeconds: 1, rssBytes: 1 },
  problems: [
    { code: 'clock', since: null, text: 'Its clock is 3.4s behind this one', advice: 'Use NTP.' },
    {
      code: 'missing',
      since: '2026-01-01T00:05:00.000Z',
      text: 'Missing: 2 frames',
      advice: 'Wait.',
    },
  ],
};

const times = { start: '2026-01-01T00:01:00.000Z', end: '2026-01-01T00:02:00.000Z' };
const SOURCE: CompletenessAnswer = {
  ...{ id: 'push/tide/edge-7', kind: 'push', name: 'tide', labels: {}, class: 'exact' },
  ...{ state: 'live', completeThrough: '2026-01-01T00:01:00.000Z', imbalance: 0 },
  ratios: { intent: 0.999_999, transport: 1 },
  contacts: null,
  terms: {
    ...{ scheduled: 100, stored: 90, suppressed: 0, shed: 0, failed: 0, rejected: 4 },
    ...{ missing: 2, degraded: 0, lost: 4, down: 0, inFlight: 0 },
  },
  ...{ frames: null, window: null },
  holes: [{ epoch: 1, group: 1, ...times, state: 'LOST', samples: 4, reason: 'EVICTED' }],
  gaps: [{ epoch: 1, stream: 1, from: 5, to: 6, since: '2026-01-01T00:05:00.000Z' }],
  lost: { EVICTED: 1 },
  rejections: [{ reason: 'LIMIT', samples: 4, frames: 0, first: times.start, last: times.end }],
  ...{ samplesTotal: 90, rejectedTotal: 4 },
};

test('a report answers what is lost, since when, why, and what to do', () => {
  expect(agentReport(AGENT, SOURCE)).toBe(`agent               edge-7
state               connected, websocket from 10.0.0.7
version             0.1.0
last heard          2026-01-01T00:10:00.000Z
clock               3.4s behind
ring                0.500 of 256 MiB used, back to 2026-01-01T00:00:00.000Z
policy              applied
complete through    2026-01-01T00:01:00.000Z
of what was wanted  99.999 %
of what was sent    100.000 %

! Its clock is 3.4s behind this one.
  Use NTP.
! Missing: 2 frames, since 2026-01-01T00:05:00.000Z.
  Wait.

term        samples
scheduled   100
stored      90
suppressed  0
shed        0
failed      0
rejected    4        LIMIT 4
missing     2
degraded    0
lost        4        EVICTED 1 frames
down        0
inFlight    0

not here  group  from                      to                        samples  why
LOST      host   2026-01-01T00:01:00.000Z  2026-01-01T00:02:00.000Z  4        EVICTED

frames missing  lane  epoch  since
5 to 6          1     1      2026-01-01T00:05:00.000Z`);
});

test('of an agent that was not heard of yet little is known', () => {
  const agent: AgentAnswer = {
    ...AGENT,
    ...{ state: 'disconnected', address: '', version: '', clock: null, ring: null, problems: [] },
  };
  expect(agentReport(agent, undefined)).toBe(`agent       edge-7
state       disconnected
last heard  2026-01-01T00:10:00.000Z
policy      applied

Nothing is wrong with it.`);
});
