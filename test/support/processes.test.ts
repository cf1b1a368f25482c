import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from './processes.ts';

let running: RunningProcess | undefined;

afterEach(async () => {
  await running?.stop(0);
  running = undefined;
});

/** Runs `script` in a Node of its own. */
function script(text: string): { command: string; args: string[] } {
  return { command: process.execPath, args: ['-e', text] };
}

const SERVER = `
  const server = require('node:http').createServer((_, answer) => answer.end('fine'));
  server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));`;

test('waits for a line, and keeps both outputs', async () => {
  running = await startProcess({
    ...script('console.error("begin"); setTimeout(() => console.log("ready é 7"), 50)'),
    ready: { line: /ready é (\d)/ },
  });
  expect(running.output()).toContain('begin');
  expect(await running.exited).toEqual({ code: 0, signal: null });
});

test('waits for an address, passes the environment, stops by SIGTERM', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  running = await startProcess({
    ...script(SERVER),
    env: { PORT: String(port) },
    ready: { url },
  });
  expect(await (await fetch(url)).text()).toBe('fine');
  expect(await running.stop()).toEqual({ code: null, signal: 'SIGTERM' });
});

test('kills what does not heed SIGTERM', async () => {
  running = await startProcess({
    ...script('process.on("SIGTERM", () => {}); setInterval(() => {}, 1e3); console.log("deaf")'),
    ready: { line: /deaf/ },
  });
  expect(await running.stop(50)).toEqual({ code: null, signal: 'SIGKILL' });
  expect(await running.stop()).toEqual({ code: null, signal: 'SIGKILL' });
});

test('says so when the program ends early, with status and output', async () => {
  const start = startProcess({
    ...script('console.log("no such port"); process.exit(3)'),
    ready: { line: /ready/ },
  });
  await expect(start).rejects.toThrow(/ended before .* status 3\).*\nno such port/);
});

test('says so when the program is not ready in time, and ends it', async () => {
  const start = startProcess({
    // A shell, which says so at once, also on a busy machine.
    ...{ command: 'sh', args: ['-c', 'echo $$; exec sleep 60'] },
    ready: { line: /^\d+$/m, url: `http://127.0.0.1:${await freePort()}/` },
    timeoutMs: 1000,
  });
  const error = await start.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error?.message).toMatch(/no answer at .* in 1000 ms/);
  const pid = Number(error?.message.match(/^\d+$/m)?.[0]);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('says so when there is no such program', async () => {
  const start = startProcess({ command: 'no-such-program-here' });
  await expect(start).rejects.toThrow('cannot start no-such-program-here');
});

test('keeps the end of a long output', async () => {
  running = await startProcess(script('for (let i = 0; i < 100000; i++) console.log("line " + i)'));
  await running.exited;
  expect(running.output().length).toBe(256 * 1024);
  expect(running.output().endsWith('line 99999\n')).toBe(true);
});

test('a free port is free', async () => {
  const port = await freePort();
  const refused = await new Promise<string | undefined>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve('connected'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  expect(refused).toBe('ECONNREFUSED');
});
