import { expect, onTestFinished, test } from 'vitest';
import { createTestApi } from '../../../test/support/api-app.ts';
import { openTemporaryStorage } from '../../../test/support/temporary-storage.ts';
import { Labels } from '../../model/index.ts';
import { completeness } from '../contract/agents.ts';

test('of sources without a ledger it is told what is known, and on what that rests', async () => {
  const store = await openTemporaryStorage();
  const api = createTestApi({ storage: store.storage });
  onTestFinished(async () => {
    await api.close();
    await store.remove();
  });
  const { sources } = api;
  const target = { kind: 'pull', name: 'node', labels: Labels.EMPTY, endpoint: '' } as const;
  sources.expect({ id: 'pull/node/a', ...target, intervalMs: 15_000 });
  sources.expect({ id: 'pull/node/b', ...target, intervalMs: 15_000 });
  const good = { samples: 90, rejected: 0, durationMs: 1 };
  for (let scrape = 0; scrape < 3; scrape++) sources.contact('pull/node/a', good);
  sources.contact('pull/node/a', { ...good, samples: 0, error: 'connection refused' });
  sources.contactPush('remote-write', '10.0.0.1', { ...good, rejected: 30 });
  const { body } = await api.json('/api/v1/completeness');
  const told = completeness.parse((body as { data: unknown }).data);
  const none = { terms: null, imbalance: null, frames: null, lost: null, holes: [], gaps: [] };
  expect(told.completeThrough).toBeNull();
  expect(told.sources).toMatchObject([
    {
      ...{ id: 'pull/node/a', class: 'declared', contacts: { total: 4, failed: 1 }, ...none },
      ratios: { intent: 0.75, transport: 1 },
    },
    // Not scraped yet.
    { ...{ id: 'pull/node/b', class: 'declared' }, ratios: { intent: 1, transport: 1 } },
    {
      ...{ id: 'push/remote-write/10.0.0.1', class: 'none', contacts: { total: 1, failed: 0 } },
      ratios: { intent: null, transport: 0.75 },
    },
  ]);
});
