import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';
import { startProcess } from '../support/processes.ts';
import { type Collector, startCollector } from './support/collector.ts';

const ROOT = fileURLToPath(packageRoot());
let collector: Collector;
let folder: string;

beforeAll(async () => {
  collector = await startCollector();
  // Inside the checkout, so that the package finds itself and its dependencies by name.
  folder = await mkdtemp(join(ROOT, 'dist', 'client-test-'));
});
afterAll(async () => {
  await collector.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(code: string): Promise<{ code: number | null; output: string }> {
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, code);
  const program = await startProcess({ command: process.execPath, args: [file] });
  const timer = setTimeout(() => program.kill('SIGKILL'), 30_000);
  const { code: status } = await program.exited;
  clearTimeout(timer);
  return { code: status, output: program.output() };
}

async function valuesOf(selector: string): Promise<string[]> {
  const params = new URLSearchParams({ query: `${selector}[1m]` });
  const answer = await fetch(`${collector.url}/api/v1/query?${params.toString()}`);
  const { data } = (await answer.json()) as {
    data: { result: { values: [number, string][] }[] };
  };
  return data.result.flatMap(({ values }) => values.map(([, value]) => value));
}

const PROGRAM = `
import { createClient } from 'tidegauge/client';
import { Counter, Histogram, Registry } from 'prom-client';
const registry = new Registry();
`;

test('the examples of the documentation run as they stand', async () => {
  const page = readFileSync(join(ROOT, 'docs/client.md'), 'utf8');
  const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code);
  expect(examples).toHaveLength(3);
  for (const example of examples) {
    const { code, output } = await run(example.replaceAll('http://127.0.0.1:9095', collector.url));
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/warn|error:/i);
  }
  expect(await valuesOf('orders_total{job="shop",kind="book"}')).toContain('1');
  expect(await valuesOf('queue_depth{instance="queue-1"}')).toContain('120');
  expect(await valuesOf('deployed{version="1.4.2"}')).toEqual(['1']);
  const kind = 'job="checkout",order_kind="book",otel_scope_version="1.4.2"';
  expect(await valuesOf(`orders_total{${kind}}`)).toContain('1');
  expect(await valuesOf('took_seconds_bucket{instance="checkout-1",le="5"}')).toContain('1');
});

test('pushes on interval and on change; the last values arrive with close', async () => {
  const { code, output } = await run(`${PROGRAM}
    const count = new Counter({ name: 'work_total', help: 'Work.', registers: [registry] });
    const took = new Histogram({ name: 'took_seconds', help: 'T.', buckets: [1], registers: [registry] });
    const client = createClient({
      collector: '${collector.url}', job: 'worker', instance: 'w1', registry,
      intervalMs: 60_000, onChange: { checkMs: 100 },
    });
    for (let round = 0; round < 10; round++) {
      count.inc();
      took.observe(0.5);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    count.inc(32);
    await client.close();
    console.log(JSON.stringify(client.status()));
  `);
  expect(code, output).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ errors: 0, failedSamples: 0 });
  const values = (await valuesOf('work_total{job="worker"}')).filter((value) => value !== 'NaN');
  expect(values.length).toBeGreaterThanOrEqual(8);
  expect(values.at(-1)).toBe('42');
  expect(await valuesOf('took_seconds_bucket{job="worker",le="1"}')).toContain('10');
});

test('a program ends though the collector is not there, and nothing it does throws', async () => {
  const startMs = Date.now();
  const { code, output } = await run(`${PROGRAM}
    process.on('uncaughtException', () => process.exit(7));
    process.on('unhandledRejection', () => process.exit(8));
    let warnings = 0;
    const broken = { getMetricsAsJSON: () => { throw new Error('no'); } };
    const client = createClient({ collector: 'http://127.0.0.1:1', job: 'j', registry: broken, intervalMs: 100 })
      .on('warning', () => { warnings++; throw new Error('a listener that throws'); });
    createClient({ collector: 'nonsense', job: 'j' }).on('warning', () => { warnings++; });
    client.event('not a name');
    client.event('fine', { value: NaN });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await client.flush();
    console.log('warnings', warnings > 2);
  `);
  expect(code, output).toBe(0);
  expect(output).toMatch(/warnings true/);
  expect(Date.now() - startMs).toBeLessThan(10_000);
});

test('a program that is connected ends by itself, without close', async () => {
  const { code, output } = await run(`${PROGRAM}
    new Counter({ name: 'brief_total', help: 'B.', registers: [registry] }).inc();
    createClient({ collector: '${collector.url}', job: 'brief', registry, intervalMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 600));
  `);
  expect(code, output).toBe(0);
  expect((await valuesOf('brief_total{job="brief"}')).length).toBeGreaterThan(0);
});

test('the collector reads the registry at once, and its text', async () => {
  const program = run(`${PROGRAM}
    const count = new Counter({ name: 'read_total', help: 'R.', registers: [registry] });
    const client = createClient({ collector: '${collector.url}', job: 'reader', instance: 'r1', registry });
    count.inc(5);
    setTimeout(() => client.close(), 2500);
    setTimeout(() => {}, 2500);
  `);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const ask = async (params: Record<string, string>): Promise<unknown> => {
    const body = new URLSearchParams(params);
    const url = `${collector.url}/api/v1/agents/reader:r1/read`;
    const answer = await fetch(url, { method: 'POST', body });
    return ((await answer.json()) as { data: unknown }).data;
  };
  expect(await ask({ kind: 'instant', selector: 'read_total' })).toMatchObject({
    status: 'OK',
    series: [{ metric: { job: 'reader' }, values: [[expect.any(Number), '5']] }],
  });
  expect(await ask({ kind: 'exposition', selector: 'self' })).toMatchObject({
    text: expect.stringContaining('read_total 5'),
  });
  expect((await program).code).toBe(0);
});

test('its types are whole: a program that uses them compiles', async () => {
  const file = join(folder, 'program.mts');
  await writeFile(
    file,
    `import { createClient, type ClientStatus, openTelemetryReader } from 'tidegauge/client';
     import { MeterProvider } from '@opentelemetry/sdk-metrics';
     import { Registry } from 'prom-client';
     const reader = openTelemetryReader({ scopeLabels: false });
     new MeterProvider({ readers: [reader] });
     createClient({ collector: 'http://x', job: 'j', registry: reader });
     const client = createClient({ collector: 'http://x', job: 'j', registry: new Registry() });
     const status: ClientStatus = client.on('warning', (warning) => warning.message).status();
     client.event('x', { labels: { a: 'b' } });
     // @ts-expect-error an option that does not exist
     createClient({ collector: 'http://x', job: 'j', registr: 1 });
     export { status };`,
  );
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
  const compile = await startProcess({
    command: process.execPath,
    args: [compiler, ...flags, ...types, file],
  });
  expect(await compile.exited, compile.output()).toMatchObject({ code: 0 });
});
