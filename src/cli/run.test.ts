import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { pushOnce, sampleLines } from './push.ts';
import { jobMetrics, runJob } from './run.ts';

interface Pushed {
  readonly params: Record<string, string>;
  readonly body: string;
}

/** A collector that takes what comes, or answers with `statuses` first. */
async function startCollector(...statuses: number[]) {
  const pushed: Pushed[] = [];
  const answer = async (request: IncomingMessage): Promise<number> => {
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    pushed.push({ params: Object.fromEntries(searchParams), body: await text(request) });
    return statuses.shift() ?? 200;
  };
  const server = createServer((request, response) => {
    void answer(request).then((status) => {
      response.statusCode = status;
      const data = { duplicate: false, stored: 1, rejected: 0 };
      response.end(status === 200 ? JSON.stringify({ status: 'success', data }) : 'no');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { pushed, collector: `http://127.0.0.1:${port}` };
}

const node = (code: string): string[] => [process.execPath, '-e', code];

test('a job is run with its exit status kept, and pushed with what it said of itself', async () => {
  const { pushed, collector } = await startCollector();
  const said: string[] = [];
  const code = `
    require('fs').writeFileSync(process.env.TIDEGAUGE_METRICS_FILE, 'rows_copied 7');
    process.exit(3);`;
  const flags = { job: 'copy', collector, runId: 'r1', schedule: '1h' };
  expect(await runJob(node(code), flags, (line) => said.push(line))).toBe(3);
  expect(said).toEqual([]);
  const common = { job: 'copy', run_id: 'r1', schedule: '1h' };
  expect(pushed.map(({ params }) => params)).toEqual([
    { ...common, seq: '0' },
    { ...common, seq: '1' },
    { ...common, seq: '2', final: 'true' },
  ]);
  expect(pushed[1]?.body).toBe('rows_copied 7\n');
  expect(pushed[2]?.body).toMatch(/^job_exit_code 3$/m);
  expect(pushed[2]?.body).toMatch(/^job_success 0$/m);
  expect(pushed[2]?.body).toMatch(/^job_duration_seconds 0\.\d+$/m);
});

test('a schedule is told before the command starts, so that a run that never ends is seen', async () => {
  const { pushed, collector } = await startCollector();
  const code = `require('http').request('${collector}/?from=job', { method: 'POST' }).end();`;
  const flags = { job: 'copy', collector, runId: 'r1', schedule: '1h' };
  expect(await runJob(node(code), flags, () => {})).toBe(0);
  const common = { job: 'copy', run_id: 'r1', schedule: '1h' };
  expect(pushed.map(({ params }) => params)).toEqual([
    { ...common, seq: '0' },
    { from: 'job' },
    { ...common, seq: '2', final: 'true' },
  ]);
  expect(pushed[0]?.body).toMatch(/^job_start_time_seconds \d+(\.\d+)?$/m);
});

test('a job waits for no collector, which is told of the schedule as soon as it is there', async () => {
  const { pushed, collector } = await startCollector(503, 503);
  const said: string[] = [];
  const flags = { job: 'copy', collector, runId: 'r1', schedule: '1h' };
  const job = runJob(node('setTimeout(() => {}, 700)'), flags, (line) => said.push(line), 100);
  expect(await job).toBe(0);
  expect(said).toEqual([
    expect.stringMatching(/does not know of the schedule yet: .* answered 503: no; the job begins/),
  ]);
  expect(pushed.map(({ params }) => params['seq'])).toEqual(['0', '0', '0', '2']);
});

test('a schedule that is refused is not told again', async () => {
  const { pushed, collector } = await startCollector(401);
  const said: string[] = [];
  const flags = { job: 'copy', collector, runId: 'r1', schedule: '1h' };
  await runJob(node('setTimeout(() => {}, 200)'), flags, (line) => said.push(line), 10);
  expect(said).toEqual([expect.stringMatching(/schedule was refused: .* answered 401: no/)]);
  expect(pushed.map(({ params }) => params['seq'])).toEqual(['0', '2']);
});

test('what the collector does changes nothing of the job', async () => {
  const { collector } = await startCollector(400, 400);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  expect(await runJob(node('process.exit(0)'), { job: 'j', collector }, say)).toBe(0);
  expect(said.join('\n')).toMatch(/the end of the job was not pushed: .* answered 400: no/);
});

test('a command that a signal ends, or that is not there, has the status of a shell', async () => {
  const { collector, pushed } = await startCollector();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const run = (words: readonly string[]) => runJob(words, { job: 'j', collector }, say);
  expect(await run(node('process.kill(process.pid, "SIGKILL")'))).toBe(137);
  expect(await run(['/nonexistent/command'])).toBe(127);
  expect(said).toEqual([expect.stringContaining('/nonexistent/command cannot be run')]);
  expect(pushed.at(-1)?.body).toMatch(/^job_exit_code 127$/m);
});

test('a signal goes on to the command', async () => {
  const { collector } = await startCollector();
  const code = `
    process.on('SIGUSR2', () => process.exit(42));
    setInterval(() => {}, 1000);
    process.kill(process.ppid, 'SIGUSR2');`;
  expect(await runJob(node(code), { job: 'j', collector }, () => {})).toBe(42);
});

test('a push is tried again with the same number while that may help', async () => {
  const flags = { job: 'j', runId: 'r', seq: 4, final: true, timeout: 1000 };
  const busy = await startCollector(503, 500);
  const result = await pushOnce('a 1', { ...flags, collector: busy.collector });
  expect(result.stored).toBe(1);
  expect(busy.pushed.map(({ params }) => params['seq'])).toEqual(['4', '4', '4']);
  const wrong = await startCollector(400);
  await expect(pushOnce('a 1', { ...flags, collector: wrong.collector })).rejects.toThrow(/400/);
  expect(wrong.pushed).toHaveLength(1);
});

test('arguments are samples, or are refused with what is wanted', () => {
  expect(sampleLines(['a=1', 'b{c="d=e"}=-2.5e3', 'n=NaN'])).toBe(
    ...['a 1\nb{c="d=e"} -2.5e3\nn NaN\n'],
  );
  for (const wrong of ['a', 'a=', '=1', 'a=x', 'a-b=1', 'a{b="c"=1']) {
    expect(() => sampleLines([wrong]), wrong).toThrow(/want NAME=VALUE/);
  }
});

test('times and status of a job are plain text', () => {
  const lines = jobMetrics({ status: 0, startMs: 1500, endMs: 4000 }).split('\n');
  expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
    ...['job_duration_seconds 2.5', 'job_exit_code 0', 'job_success 1'],
    ...['job_start_time_seconds 1.5', 'job_end_time_seconds 4', ''],
  ]);
});
