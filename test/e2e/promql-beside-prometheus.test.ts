import { afterAll, beforeAll, expect, it } from 'vitest';
import { requires } from '../support/requirements.ts';
import type { Collector } from './support/collector.ts';
import { startCollector } from './support/collector.ts';
import type { Peer } from './support/peers.ts';
import { startPrometheus } from './support/peers.ts';
import { comparePromql } from './support/promql-comparison.ts';

const NO_SCRAPES = 'scrape_configs: []\n';
const DATA_SETS = 6;
const QUERIES_PER_SET = 80;

requires({ commands: ['prometheus'] }).describe('PromQL beside Prometheus', () => {
  let prometheus: Peer;
  let collector: Collector;

  beforeAll(async () => {
    prometheus = await startPrometheus(NO_SCRAPES, ['--web.enable-remote-write-receiver']);
    collector = await startCollector(NO_SCRAPES);
  });

  afterAll(async () => {
    await Promise.all([prometheus?.stop(), collector?.stop()]);
  });

  it('random queries on random series are answered alike', async () => {
    const seed = Date.now() % 1_000_000;
    const tally = await comparePromql(
      { ours: collector.url, theirs: prometheus.url },
      { seed, dataSets: DATA_SETS, queriesPerSet: QUERIES_PER_SET },
    );
    const said = `seed ${seed}: ${JSON.stringify(tally)}`;
    expect(tally.answers, said).toBeGreaterThan((DATA_SETS * QUERIES_PER_SET) / 5);
  });
});
