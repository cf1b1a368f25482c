import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../src/util/package-root.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const LIFETIME_MS = 12_000;

let folder: string;
let url: string;
let tlsPort: number;
let collector: RunningProcess;

const configuration = (policies: string): string => `
global: { scrape_interval: 15s }
tidegauge:
  web: { operator_token_file: ${join(folder, 'operators')} }
  tls: { listen: '127.0.0.1:${tlsPort}' }
  agents:
    heartbeat: 500ms
    certificate_lifetime: ${LIFETIME_MS / 1000}s
    policies: ${policies}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-tls-e2e-'));
  const port = await freePort();
  tlsPort = await freePort();
  url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'operators'), 'operator-token-0123456789 name=anna\n');
  await writeFile(join(folder, 'config.yml'), configuration('[]'));
  const flags = ['--config', join(folder, 'config.yml'), '--data', join(folder, 'data')];
  collector = await startProcess({
    command: process.execPath,
    args: [BINARY, 'serve', ...flags, '--listen', `127.0.0.1:${port}`],
    ready: { url: `${url}/-/ready` },
  });
});

afterAll(async () => {
  await collector.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command to its end; what it printed. */
async function run(
  args: readonly string[],
  token = 'operator-token-0123456789',
): Promise<{ code: number | null; output: string }> {
  const running = await startProcess({
    command: process.execPath,
    args: [BINARY, ...args],
    env: { TIDEGAUGE_COLLECTOR: url, TIDEGAUGE_OPERATOR_TOKEN: token },
  });
  const { code } = await running.exited;
  return { code, output: running.output() };
}

/** Starts an agent with the arguments of the line that `token create` printed. */
async function startAgent(args: readonly string[], id: string): Promise<RunningProcess> {
  const data = join(folder, id);
  const agent = await startProcess({
    command: process.execPath,
    args: [BINARY, ...args, '--data', data, '--id', id, '--interval', '1s'],
    ready: { line: /in session/ },
  });
  onTestFinished(async () => {
    await agent.stop();
  });
  return agent;
}

async function until(check: () => Promise<boolean> | boolean, timeoutMs = 30_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function stored(expr: string): Promise<number> {
  const answer = await fetch(
    `${url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`,
  );
  return ((await answer.json()) as { data: { result: unknown[] } }).data.result.length;
}

const serialOf = (id: string): string =>
  new X509Certificate(readFileSync(join(folder, id, 'identity.pem'))).serialNumber;

/** The words of the `tidegauge agent …` line among what was printed, without the program. */
function lineOf(output: string): string[] {
  const line = /tidegauge agent(?: [^\n\\]+(?:\\\n)?)+/.exec(output)?.[0] ?? '';
  return line.replaceAll('\\\n', '').trim().split(/\s+/).slice(1);
}

test('token, enrolment with pin, session over TLS, renewal, policy, revocation', async () => {
  const denied = await run(['token', 'create'], '');
  expect([denied.code, denied.output]).toEqual([1, expect.stringContaining('an operator token')]);

  const made = await run(['token', 'create', '--uses', '2', '--label', 'site=berlin']);
  const args = lineOf(made.output);
  expect(args.join(' ')).toMatch(
    /^agent --collector https:\S+ --join \S+ --ca-hash sha256:\S{64}$/,
  );
  expect(collector.output()).not.toContain(args[4]);

  const agent = await startAgent(args, 'edge-1');
  await until(async () => (await stored('node_load1{agent="edge-1",site="berlin"}')) === 1);
  const first = serialOf('edge-1');

  // Two thirds of its life, and the session goes on with another certificate.
  await until(() => serialOf('edge-1') !== first);
  await agent.waitForOutput(/the certificate was renewed/);
  await new Promise((resolve) => setTimeout(resolve, LIFETIME_MS / 2));
  expect(agent.output().match(/in session/g)).toHaveLength(1);

  const rule = '[{ match: { site: berlin }, groups: host, interval: 3s }]';
  await writeFile(join(folder, 'config.yml'), configuration(rule));
  collector.kill('SIGHUP');
  await agent.waitForOutput(/a policy is in force/);
  await until(async () => {
    const body = (await (await fetch(`${url}/api/v1/agents`)).json()) as {
      data: { agents: { policy: { state: string } }[] };
    };
    return body.data.agents[0]?.policy.state === 'applied';
  });

  expect((await run(['agents', 'revoke', 'edge-1'])).output).toContain('edge-1 is revoked');
  const { code } = await agent.exited;
  expect(code).toBe(3);
  expect(agent.output()).toContain('agent edge-1 was revoked');
  expect((await run(['agents', 'list'])).output).toMatch(/edge-1 +revoked/);
  // What it has lets it in no more, nor does the use that the token has left.
  const again = await run([...args, '--data', join(folder, 'edge-1b'), '--id', 'edge-1']);
  expect([again.code, again.output]).toEqual([1, expect.stringContaining('agents restore edge-1')]);
  await run(['agents', 'restore', 'edge-1']);
  const next = await run(['token', 'create', '--agents', 'edge-1']);
  await startAgent(lineOf(next.output), 'edge-1');
});

test('what is wrong is said in words, and the agent ends', async () => {
  const { output } = await run(['token', 'create', '--agents', 'core-*']);
  const [command = '', , collectorUrl = '', , token = '', , pin = ''] = lineOf(output);
  const start = (given: Record<string, string>) =>
    run([
      ...[command, '--data', join(folder, 'wrong'), '--id', given['id'] ?? 'core-1'],
      ...['--collector', given['url'] ?? collectorUrl, '--join', given['token'] ?? token],
      ...['--ca-hash', given['pin'] ?? pin],
    ]);
  const wrongPin = `sha256:${'0'.repeat(64)}`;
  const cases: [Record<string, string>, RegExp][] = [
    [{ pin: wrongPin }, /is not who --ca-hash says: it shows .*, wanted sha256:0{64}/],
    [{ token: 'aaaaaa.bbbbbbbbbbbbbbbbbbbbbb' }, /answered 401: the join token is not known/],
    [{ id: 'edge-9' }, /answered 403: the join token \S+ is for agents core-\*, not for edge-9/],
    // Before the join token is sent in clear.
    [{ url: collectorUrl.replace('https:', 'http:') }, /^tidegauge: ca_hash .* want .* https:/],
    [{ url: url.replace('http:', 'https:') }, /speaks no TLS: use http:\/\//],
  ];
  for (const [given, text] of cases) {
    const { code, output: said } = await start(given);
    expect([code, said]).toEqual([1, expect.stringMatching(text)]);
  }
});
