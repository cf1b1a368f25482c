import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { AgentSetupError } from '../errors.ts';
import { connector } from './connector.ts';
import type { CollectorAddress, TransportEnd, TransportKind } from './transport.ts';

const KINDS: readonly TransportKind[] = ['websocket', 'poll'];
const MEBIBYTE = 1_048_576;

/** A server that is no collector, for upgrades too; its URL. */
async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** How a connection ends to which one frame is given. */
function endOf(
  kind: TransportKind,
  url: string,
  more: Partial<CollectorAddress> = {},
): Promise<TransportEnd> {
  return new Promise((resolve) => {
    const address = { url, token: () => undefined, userAgent: 'test', keepsAlive: true, ...more };
    const transport = connector(address)(kind, {
      opened: () => transport.send(Uint8Array.of(1)),
      frames: () => {},
      closed: resolve,
    });
    onTestFinished(() => transport.abort());
  });
}

test('connecting does not throw: a token that cannot be had is the end of that connection', async () => {
  const url = await startServer((_request, response) => response.end());
  const gone = (): string => {
    throw new AgentSetupError('token file /gone cannot be read');
  };
  for (const kind of KINDS) {
    const without = await endOf(kind, url, { token: gone });
    expect(without).toEqual({
      ...{ reason: 'token file /gone cannot be read', status: 0, retryAfterMs: undefined },
    });
    const broken = await endOf(kind, url, { token: () => 'two\nlines' });
    expect(broken.reason).toMatch(/^the token has blanks, line breaks .*, want one word/);
    expect(broken.reason).not.toContain('lines\n');
  }
});

test('what answers and is no collector is said to be none, with where it points', async () => {
  const url = await startServer((_request, response) => {
    response.writeHead(301, { location: 'https://login.example.org/' });
    response.end('<html>\n<b>Moved</b>');
  });
  for (const kind of KINDS) {
    const { reason, status } = await endOf(kind, url);
    expect(status).toBe(301);
    expect(reason).toContain(`${url} answered 301 and points to https://login.example.org/, as no`);
    expect(reason).toMatch(/is that the collector's URL.*It said: <html> <b>Moved<\/b>$/);
  }
});

test('a page in place of a session is not taken for frames', async () => {
  const url = await startServer((_request, response) => response.end('<html>Welcome</html>'));
  const { reason, status } = await endOf('poll', url);
  expect(status).toBe(200);
  expect(reason).toContain('answered 200, as no collector does');
  expect(reason).toContain('<html>Welcome</html>');
});

test('what a collector says is handed on as it is', async () => {
  const url = await startServer((_request, response) => {
    response.writeHead(503, { 'retry-after': '7' }).end('too many sessions\n');
  });
  for (const kind of KINDS) {
    expect(await endOf(kind, url)).toEqual({
      reason: 'the collector answered 503: too many sessions',
      ...{ status: 503, retryAfterMs: 7000 },
    });
  }
});

test('an answer without end is cut off', async () => {
  let sentBytes = 0;
  const url = await startServer((request, response) => {
    response.writeHead(request.url?.includes('poll') === true ? 200 : 404, { 'tide-session': 'a' });
    const part = Buffer.alloc(65_536, 'x');
    const more = (): void => {
      do sentBytes += part.length;
      while (!response.destroyed && response.write(part));
    };
    response.on('drain', more);
    more();
  });
  expect((await endOf('poll', url)).reason).toBe('an answer of more than 2097152 bytes');
  expect((await endOf('websocket', url)).reason).toContain('answered 404');
  // What the system holds between the two comes on top.
  expect(sentBytes).toBeLessThan(32 * MEBIBYTE);
});

test('one that answers at once what it was asked to hold is not asked in a hurry', async () => {
  let asked = 0;
  const url = await startServer((_request, response) => {
    asked++;
    response.writeHead(200, { 'tide-session': 'a' }).end();
  });
  const ended = endOf('poll', url);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 400))]);
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(10);
});
