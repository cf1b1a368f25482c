import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AgentFlags, loadAgentSettings } from './agent-settings.ts';

const URL_HERE = 'http://127.0.0.1:9095';
const NONE: AgentFlags = { scrape: [], label: [], host: true };

function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegauge-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'agent.yml');
  writeFileSync(file, text);
  return file;
}

test('flags alone are enough, and the defaults are told by the page', () => {
  const { collector, agents } = loadAgentSettings({ ...NONE, collector: URL_HERE });
  expect(collector).toBe(URL_HERE);
  expect(agents[0]?.options).toMatchObject({
    ...{ data: './agent-data', mode: 'sample', transport: 'auto', labels: {} },
    host_metrics: { enabled: true, interval_ms: 15_000 },
  });
  expect(agents[0]?.scrapeConfigs).toEqual([]);
});

test('a flag wins over the file, and lists grow', () => {
  const config = configFile(`
collector: http://10.0.0.1:9095
labels: { site: berlin, zone: a }
host_metrics: { interval_ms: 5000 }
scrape_configs:
  - job_name: node
    static_configs: [{ targets: ['127.0.0.1:9100'] }]
`);
  const { collector, agents } = loadAgentSettings({
    ...NONE,
    config,
    collector: URL_HERE,
    interval: '1s',
    host: false,
    label: ['zone=b'],
    scrape: ['app=http://127.0.0.1:8080/m?x=1&x=2'],
  });
  const { options, scrapeConfigs } = agents[0] ?? expect.fail();
  expect(collector).toBe(URL_HERE);
  expect(options.labels).toEqual({ site: 'berlin', zone: 'b' });
  expect(options.host_metrics).toEqual({ enabled: false, interval_ms: 1000 });
  expect(scrapeConfigs.map(({ jobName }) => jobName)).toEqual(['node', 'app']);
  expect(scrapeConfigs[1]).toMatchObject({
    ...{ metricsPath: '/m', scheme: 'http', scrapeIntervalMs: 1000, params: { x: ['1', '2'] } },
    staticConfigs: [{ targets: ['127.0.0.1:8080'] }],
  });
});

test('what is wrong is said with its place and what is wanted', () => {
  const check = (flags: Partial<AgentFlags>, want: RegExp): void => {
    expect(() => loadAgentSettings({ ...NONE, ...flags })).toThrow(want);
  };
  check({}, /no collector: want --collector URL/);
  check({ collector: URL_HERE, interval: '5' }, /--interval 5, want a duration/);
  check({ collector: URL_HERE, scrape: ['a=http://'] }, /--scrape a=http:\/\//);
  check({ collector: URL_HERE, id: 'a b' }, /agent_id: want letters/);
  check(
    { config: configFile('labels: {}\ncollectr: x') },
    /agent\.yml:2:1: unknown field "collectr"; did you mean "collector"\?/,
  );
  check(
    { config: configFile('host_metrics:\n  intervall_ms: 5') },
    /:2:3: unknown field "intervall_ms".*\(at host_metrics\.intervall_ms\)/,
  );
  check({ config: configFile('sync_ms: soon') }, /:1:10: this is a text "?soon/);
  check({ config: configFile('- a') }, /holds no map of settings/);
  check({ config: configFile('a: [') }, /:1:5: not valid YAML/);
  check({ config: '/nonexistent/agent.yml' }, /cannot be read/);
});

test('keys that are for a collector are refused, each with its line', () => {
  const config = configFile(`collector: ${URL_HERE}
scrape_configs:
  - job_name: near
    static_configs: [{ targets: ['127.0.0.1:9100'] }]
  - job_name: behind
    tidegauge_agent: edge
    static_configs: [{ targets: ['10.0.0.7:9100'] }]
    scrape_timeot: 1s
tidegauge:
  storage: {}
remote_write: []
`);
  const lines = (): string[] => {
    try {
      loadAgentSettings({ ...NONE, config });
    } catch (error) {
      return (error as Error).message.split('\n').map((line) => line.replace(config, ''));
    }
    return expect.fail('taken');
  };
  expect(lines()).toEqual([
    expect.stringMatching(/^:6:5: "tidegauge_agent" is for the collector/),
    expect.stringMatching(/^:8:5: unknown field "scrape_timeot"; did you mean "scrape_timeout"/),
    expect.stringMatching(/^:9:1: "tidegauge" is for the collector's configuration/),
    expect.stringMatching(/^:11:1: "remote_write" is for the collector's configuration/),
  ]);
});

test('what is wrong between scrape configurations is said with its line', () => {
  const job = "  - { job_name: a, static_configs: [{ targets: ['127.0.0.1:1'] }] }\n";
  const config = configFile(`collector: ${URL_HERE}\nscrape_configs:\n${job}${job}`);
  expect(() => loadAgentSettings({ ...NONE, config })).toThrow(/:4:17: found multiple/);
});

test('a synthetic load is as many agents as asked for, without disks', () => {
  const { agents } = loadAgentSettings({
    ...NONE,
    ...{ collector: URL_HERE, syntheticSeries: 100, syntheticAgents: 3, syntheticFirst: 40 },
  });
  expect(agents.map(({ options }) => options.agent_id)).toEqual([
    ...['synthetic-40', 'synthetic-41', 'synthetic-42'],
  ]);
  expect(agents[2]?.synthetic).toEqual({ agent: 42, series: 100, intervalMs: 1000 });
  expect(agents.every(({ options }) => options.memory_only)).toBe(true);
});
