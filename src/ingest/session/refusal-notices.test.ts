import { expect, test } from 'vitest';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { RefusalNotices } from './refusal-notices.ts';

const NOW_MS = 1_700_000_000_000;
const NONE = { conflictCount: 0, outOfBoundsCount: 0, noSeriesCount: 0, newestMs: NOW_MS };

test('why samples of an agent are refused is said once for each agent and reason', () => {
  const warnings: object[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: object, text: string) => warnings.push({ ...fields, text }),
  };
  const notices = new RefusalNotices({ clock: new FakeClock(NOW_MS), logger });
  notices.rejected('a', NONE);
  expect(warnings).toEqual([]);
  const ahead = { ...NONE, outOfBoundsCount: 5, newestMs: NOW_MS + 10_800_250 };
  for (let time = 0; time < 3; time++) notices.rejected('a', ahead);
  expect(warnings).toEqual([
    {
      ...{ agentId: 'a', count: 5, ahead: '3h' },
      want: 'both clocks right, or a larger tidegauge.storage.max_future',
      text: "samples of an agent are too far ahead of this host's clock, and were rejected",
    },
  ]);
  notices.rejected('b', { ...NONE, noSeriesCount: 7, conflictCount: 2 });
  notices.rejected('b', { ...NONE, outOfBoundsCount: 1, newestMs: NOW_MS - 1 });
  expect(warnings.slice(1)).toMatchObject([
    { agentId: 'b', count: 2, text: expect.stringMatching(/contradict/) },
    { agentId: 'b', count: 7, want: expect.stringMatching(/max_series_per_agent/) },
    { agentId: 'b', count: 1, text: expect.stringMatching(/older than the retention/) },
  ]);
  notices.forget('a');
  notices.rejected('a', ahead);
  expect(warnings).toHaveLength(5);
});
