import { expect, onTestFinished, test } from 'vitest';
import { FakeAgentConnection } from '../../../test/support/fake-agent-connection.ts';
import { MemoryStorage } from '../../../test/support/memory-storage.ts';
import { ScriptedAgent } from '../../../test/support/scripted-agent.ts';
import type { ReadStatus } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { SourceRegistry } from '../../sources/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { PullManager, resolveScrapeConfigs, silentPullMetrics } from '../pull/index.ts';
import { scrapeConfigSchema } from '../pull/options.ts';
import { agentsOptionsSchema } from './options.ts';
import { scrapeThrough } from './scrape-through.ts';
import { SessionServer } from './session-server.ts';

const START_MS = 1_700_000_000_000;
const UP = 'up{instance="10.0.0.7:9100", job="behind"}';
const LOAD = 'load{instance="10.0.0.7:9100", job="behind"}';

function setUp() {
  const clock = new FakeClock(START_MS);
  const storage = new MemoryStorage();
  const sources = new SourceRegistry({ clock });
  const server = new SessionServer({
    ...{ storage, sources, clock, logger: silentLogger, runId: 'run' },
    options: agentsOptionsSchema.parse({}),
  });
  server.start();
  const agent = new ScriptedAgent({ agentId: 'edge', epoch: START_MS });
  const connection = new FakeAgentConnection();
  const id = server.attach(connection, { agentId: undefined, labels: Labels.EMPTY });
  server.receive(id, agent.hello());
  const pull = new PullManager({
    ...{ clock, storage, sources, metrics: silentPullMetrics(), logger: silentLogger },
    version: '1',
    agentTransport: scrapeThrough(server),
  });
  const yaml = scrapeConfigSchema.parse({
    ...{ job_name: 'behind', scrape_interval: '10s', scrape_timeout: '2s' },
    tidegauge_agent: 'edge',
    static_configs: [{ targets: ['10.0.0.7:9100'] }],
  });
  pull.apply(resolveScrapeConfigs({}, [yaml], '/').configs);
  onTestFinished(async () => {
    await pull.stop();
    await server.close();
  });
  const reads = () => connection.messages.filter(({ type }) => type === 'READ');
  const nextRead = async () => {
    const before = reads().length;
    for (let ms = 0; ms < 10_000 && reads().length === before; ms += 100) await clock.advance(100);
    return connection.last('READ');
  };
  const answer = (requestId: number, text: string, status: ReadStatus = 'OK'): void => {
    const data = new TextEncoder().encode(text);
    const chunk = { type: 'READ_CHUNK', requestId, index: 0, content: 'TEXT', data } as const;
    if (status === 'OK') server.receive(id, agent.control(chunk));
    const end = { chunkCount: status === 'OK' ? 1 : 0, contentType: 'text/plain', clockMs: 1 };
    server.receive(
      id,
      agent.control({ type: 'READ_END', requestId, status, message: text, ...end }),
    );
  };
  return { clock, storage, server, id, nextRead, answer };
}

test('a target is scraped over the session of an agent, with labels, up and staleness', async () => {
  const { clock, storage, nextRead, answer } = setUp();
  const read = await nextRead();
  expect(read).toMatchObject({
    ...{ kind: 'EXPOSITION', selector: 'http://10.0.0.7:9100/metrics', timeoutMs: 2000 },
    accept: expect.stringContaining('openmetrics'),
  });
  answer(read.requestId, 'load 1.5\n');
  await clock.advance(10);
  expect(storage.samplesOf(LOAD)).toEqual([expect.stringMatching(/=1\.5$/)]);
  expect(storage.samplesOf(UP)).toEqual([expect.stringMatching(/=1$/)]);
  const second = await nextRead();
  answer(second.requestId, 'it is not on the list', 'DENIED');
  await clock.advance(10);
  expect(storage.samplesOf(LOAD)[1]).toMatch(/=stale$/);
  expect(storage.samplesOf(UP)[1]).toMatch(/=0$/);
});

test('an agent that does not answer in time, or is gone, is a failed scrape', async () => {
  const { clock, storage, server, id, nextRead } = setUp();
  await nextRead();
  await clock.advance(2100);
  expect(storage.samplesOf(UP)).toEqual([expect.stringMatching(/=0$/)]);
  server.lost(id);
  await clock.advance(10_000);
  expect(storage.samplesOf(UP)).toHaveLength(2);
  expect(storage.samplesOf(UP)[1]).toMatch(/=0$/);
});

test('what only HTTP can carry is refused where an agent is named', () => {
  const yaml = scrapeConfigSchema.parse({
    ...{ job_name: 'behind', tidegauge_agent: 'edge' },
    basic_auth: { username: 'u', password: 'p' },
  });
  const { issues } = resolveScrapeConfigs({}, [yaml], '/');
  expect(issues.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
    'scrape_configs.0.basic_auth: basic_auth cannot be used with tidegauge_agent: the agent asks ' +
      'the target in its own way',
  ]);
});
