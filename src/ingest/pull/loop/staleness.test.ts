import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeStorage } from '../../../../test/support/fake-storage.ts';
import { silentLogger } from '../../../telemetry/index.ts';
import { FakeClock } from '../../../util/index.ts';
import { silentPullMetrics } from '../metrics.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../options.ts';
import { PullManager } from '../pull-manager.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** What happens at one scheduled scrape. */
interface Step {
  /** Names in the body, in this order; a name may come twice. */
  readonly names: readonly string[];
  readonly how: 'good' | 'refused' | 'broken' | 'over limit' | 'not stored';
  /** Series that storage drops before the scrape. */
  readonly dropped: string | undefined;
  /** Others are written besides, so that the cache of identities is cut down now and then. */
  readonly churn: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  names: fc.array(fc.constantFrom(...NAMES), { maxLength: 8 }),
  how: fc.constantFrom(
    'good' as const,
    'good' as const,
    'refused',
    'broken',
    'over limit',
    'not stored',
  ),
  dropped: fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 6 }),
  churn: fc.boolean(),
});

/** Values that each series should have, by the plain rules. */
function expected(steps: readonly Step[]): Map<string, (number | 'stale')[]> {
  const values = new Map<string, (number | 'stale')[]>(NAMES.map((name) => [name, []]));
  let previous = new Set<string>();
  for (const [index, { names, how, dropped }] of steps.entries()) {
    if (dropped !== undefined) {
      values.set(dropped, []);
      // A marker for a series that storage has dropped marks nothing.
      previous.delete(dropped);
    }
    if (how === 'not stored') continue;
    const current = how === 'good' ? new Set(names) : new Set<string>();
    for (const name of current) values.get(name)?.push(index);
    for (const name of previous) {
      if (!current.has(name)) values.get(name)?.push('stale');
    }
    previous = current;
  }
  return values;
}

function bodyOf({ names, how, churn }: Step, index: number): string {
  const lines = names.map((name) => `${name} ${index}\n`);
  const others = churn
    ? Array.from({ length: 120 }, (_, each) => `x{n="${index}-${each}"} 1\n`)
    : [];
  const many = Array.from({ length: 300 }, (_, each) => `y{n="${each}"} 1\n`);
  const end = how === 'broken' ? ['oops oops\n'] : how === 'over limit' ? many : [];
  return [...lines, ...others, ...end].join('');
}

async function scrape(steps: readonly Step[]): Promise<FakeStorage> {
  const storage = new FakeStorage();
  const clock = new FakeClock(1_700_000_000_000);
  let index = -1;
  const manager = new PullManager({
    clock,
    storage,
    sources: { expect() {}, contact() {}, end() {}, remove() {} },
    metrics: silentPullMetrics(),
    logger: silentLogger,
    version: 'test',
    transport: () => ({
      async get(_request, body) {
        index++;
        const now = steps[index];
        if (now === undefined) throw new Error('no step left');
        if (now.dropped !== undefined) storage.drop(now.dropped);
        if (now.how === 'refused') throw new Error('refused');
        if (now.how === 'not stored') storage.failure = new Error('disk full');
        body.append(Buffer.from(bodyOf(now, index)));
        return 'text/plain';
      },
      close: async () => {},
    }),
  });
  const yaml = {
    job_name: 'j',
    scrape_interval: '10s',
    sample_limit: 250,
    static_configs: [{ targets: ['h:1'] }],
  };
  manager.apply(resolveScrapeConfigs({}, [scrapeConfigSchema.parse(yaml)], '').configs);
  for (let each = 0; each < steps.length; each++) await clock.advance(10_000);
  await manager.stop();
  return storage;
}

describe('staleness over any sequence of scrapes', () => {
  it('is as the plain rules have it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const storage = await scrape(steps);
        const got = new Map(NAMES.map((name) => [name, storage.values(name)]));
        expect(got).toEqual(expected(steps));
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
