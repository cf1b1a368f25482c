import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authority } from '../../src/ingest/index.ts';
import { freePort } from '../../src/lab/processes/free-port.ts';
import { systemClock } from '../../src/util/index.ts';
import { packageRoot } from '../../src/util/package-root.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const TOKEN = 'agent-token-0123456789';
const OPERATOR = 'operator-token-0123456789';

let folder: string;
let tlsUrl: string;
let collector: RunningProcess;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegauge-ca-e2e-'));
  // Whoever runs a collector may have an authority of their own: this one knows nothing of it.
  const authority = Authority.open(file('ca'), systemClock);
  const { keyPem, chainPem } = authority.issueServer(['127.0.0.1']);
  const other = Authority.open(file('other-ca'), systemClock);
  const [port, tlsPort] = [await freePort(), await freePort()];
  tlsUrl = `https://127.0.0.1:${tlsPort}`;
  await Promise.all([
    writeFile(file('cert.pem'), chainPem),
    writeFile(file('key.pem'), keyPem),
    writeFile(file('ca.pem'), authority.certificatePem),
    writeFile(file('other.pem'), other.certificatePem),
    writeFile(file('tokens'), `${TOKEN}\n`),
    writeFile(file('operators'), `${OPERATOR} name=anna\n`),
    writeFile(
      file('config.yml'),
      [
        'tidegauge:',
        `  web: { operator_token_file: ${file('operators')} }`,
        `  agents: { token_file: ${file('tokens')} }`,
        `  tls: { listen: '127.0.0.1:${tlsPort}', cert_file: ${file('cert.pem')}, key_file: ${file('key.pem')} }`,
      ].join('\n'),
    ),
  ]);
  collector = await startProcess({
    command: process.execPath,
    args: [
      ...[BINARY, 'serve', '--config', file('config.yml'), '--data', file('data')],
      ...['--listen', `127.0.0.1:${port}`],
    ],
    ready: { url: `http://127.0.0.1:${port}/-/ready` },
  });
});

afterAll(async () => {
  await collector.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = await startProcess({
    command: process.execPath,
    args: [BINARY, ...args],
    env: {
      TIDEGAUGE_COLLECTOR: tlsUrl,
      TIDEGAUGE_OPERATOR_TOKEN: OPERATOR,
      TIDEGAUGE_TOKEN: TOKEN,
      ...env,
    },
  });
  const { code } = await running.exited;
  return { code, output: running.output() };
}

describe.each([
  ['push', ['push', '--job', 'ca', 'x=1'], '1 sample stored'],
  ['token create', ['token', 'create'], 'Join token'],
  ['agents list', ['agents', 'list'], 'No agents'],
  ['query', ['query', '1 + 1'], '2'],
])('tidegauge %s', (_name, args, done) => {
  test('trusts the authority of --ca-file and no other', async () => {
    const good = await run([...args, '--ca-file', file('ca.pem')]);
    expect([good.code, good.output]).toEqual([0, expect.stringContaining(done)]);
    const fromVariable = await run(args, { TIDEGAUGE_CA_FILE: file('ca.pem') });
    expect(fromVariable.code).toBe(0);
    const other = await run([...args, '--ca-file', file('other.pem')]);
    expect([other.code, other.output]).toEqual([1, expect.stringContaining('not trusted here')]);
    const none = await run(args);
    expect([none.code, none.output]).toEqual([1, expect.stringContaining('not trusted here')]);
    const empty = await run([...args, '--ca-file', file('operators')]);
    expect([empty.code, empty.output]).toEqual([1, expect.stringContaining('want a file with a')]);
  });
});

test('a job says how it went; a wrong file costs its report, not the job', async () => {
  const flags = ['run', '--job', 'ca-run'];
  const job = ['--', process.execPath, '-e', 'process.exit(3)'];
  const good = await run([...flags, '--ca-file', file('ca.pem'), ...job]);
  expect([good.code, good.output]).toEqual([3, '']);
  const other = await run([...flags, '--ca-file', file('other.pem'), ...job]);
  expect([other.code, other.output]).toEqual([3, expect.stringContaining('not trusted here')]);
  const wrong = await run([...flags, '--ca-file', file('absent.pem'), ...job]);
  expect([wrong.code, wrong.output]).toEqual([3, expect.stringContaining('absent.pem')]);
});
