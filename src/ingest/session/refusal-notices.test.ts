import { expect, test } from 'vitest';
import type { RejectReason } from '../../formats/tide/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { RefusalNotices } from './refusal-notices.ts';

const NOW_MS = 1_700_000_000_000;

function refused(counts: Partial<Record<RejectReason, number>>, newestMs = NOW_MS) {
  return { counts: new Map(Object.entries(counts) as [RejectReason, number][]), newestMs };
}

test('why samples of an agent are refused is said once for each agent and reason', () => {
  const warnings: object[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: object, text: string) => warnings.push({ ...fields, text }),
  };
  const notices = new RefusalNotices({ clock: new FakeClock(NOW_MS), logger });
  notices.rejected('a', refused({}));
  expect(warnings).toEqual([]);
  const ahead = refused({ OUT_OF_BOUNDS: 5 }, NOW_MS + 10_800_250);
  for (let time = 0; time < 3; time++) notices.rejected('a', ahead);
  expect(warnings).toEqual([
    {
      ...{ agentId: 'a', count: 5, ahead: '3h' },
      want: 'both clocks right, or a larger tidegauge.storage.max_future',
      text: "samples of an agent are too far ahead of this host's clock, and were rejected",
    },
  ]);
  notices.rejected('b', refused({ CONFLICT: 2, LIMIT: 7 }));
  notices.rejected('b', refused({ OUT_OF_BOUNDS: 1 }, NOW_MS - 1));
  expect(warnings.slice(1)).toMatchObject([
    { agentId: 'b', count: 2, text: expect.stringMatching(/contradict/) },
    { agentId: 'b', count: 7, want: expect.stringMatching(/max_series_per_agent/) },
    { agentId: 'b', count: 1, text: expect.stringMatching(/older than the retention/) },
  ]);
  notices.forget('a');
  notices.rejected('a', ahead);
  expect(warnings).toHaveLength(5);
  notices.rejected('c', refused({ FORBIDDEN: 1, SCHEMA: 3 }));
  notices.rejectedFrame('c', 'SCHEMA', 'its schema, version 4, never came');
  notices.rejectedFrame('c', 'SCHEMA', 'its schema, version 5, never came');
  notices.rejectedFrame('c', 'FORMAT', 'a varint does not end');
  expect(warnings.slice(5)).toMatchObject([
    { count: 1, want: expect.stringMatching(/another job name/) },
    { count: 3, want: expect.stringMatching(/versions/) },
    { reason: 'SCHEMA', fault: 'its schema, version 4, never came' },
    { reason: 'FORMAT', fault: 'a varint does not end' },
  ]);
});
