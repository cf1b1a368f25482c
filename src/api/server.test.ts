import { once } from 'node:events';
import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestApi, type TestApi } from '../../test/support/api-app.ts';
import { openExampleStore } from '../../test/support/example-store.ts';
import type { Logger } from '../telemetry/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { type HttpServer, startHttpServer } from './server.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';

let store: Awaited<ReturnType<typeof openExampleStore>>;
let api: TestApi;
let server: HttpServer;
let port: number;

beforeAll(async () => {
  store = await openExampleStore();
  api = createTestApi({ storage: store.storage, clock: store.clock });
  const options = { ...api.deps.options, listen: '127.0.0.1:0' };
  server = await startHttpServer({ ...api.deps, options });
  port = Number(new URL(server.url).port);
});

afterAll(async () => {
  await server.close();
  await api.close();
  await store.remove();
});

/** Sends pieces one after another; what comes back until the server ends the connection. */
async function talk(...pieces: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1');
  });
  await once(socket, 'connect');
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
    // In a packet of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await once(socket, 'close');
  return answer;
}

describe('a request that asks for a protocol which nobody offers', () => {
  const asking = [
    'POST /api/v1/query HTTP/1.1',
    'Host: a',
    'Connection: Upgrade, HTTP2-Settings, close',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQ',
    FORM,
  ].join('\r\n');

  it('is answered by its body', async () => {
    const answer = await talk(`${asking}\r\nContent-Length: 11\r\n\r\nquery=17%2B1`.slice(0, -1));
    expect(answer).toContain('HTTP/1.1 400 ');
    const whole = await talk(`${asking}\r\nContent-Length: 12\r\n\r\nquery=17%2B1`);
    expect(whole).toContain('HTTP/1.1 200 OK');
    expect(whole).toContain('"18"');
  });

  it('is answered by a body that comes later, in chunks', async () => {
    const head = `${asking}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await talk(head, '6\r\nquery=\r\n', '2\r\n42\r\n0\r\n\r\n');
    expect(answer).toContain('"42"');
  });

  it('keeps the connection, and the requests behind it their turn', async () => {
    const first = asking.replace(', close', '');
    const answer = await talk(
      `${first}\r\nContent-Length: 8\r\n\r\nquery=41` +
        'GET /api/v1/query?query=43 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/"41"[^]*"43"/);
  });
});

describe('a client that goes away in the middle of its body', () => {
  for (const [path, type] of [
    ['/api/v1/query', FORM],
    ['/api/v1/read', 'Content-Type: application/x-protobuf'],
  ]) {
    it(`is no bug of ${path}`, async () => {
      const { logger, errors } = recordingLogger();
      const options = { ...api.deps.options, listen: '127.0.0.1:0' };
      const own = await startHttpServer({ ...api.deps, registry: new Registry(), logger, options });
      const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 99\r\n` +
          'Expect: 100-continue\r\n\r\n',
      );
      await once(socket, 'data');
      await new Promise((resolve) => socket.write('query=1', resolve));
      socket.destroy();
      await own.close();
      // What was under way comes to its end.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(errors).toEqual([]);
    });
  }
});

function recordingLogger(): { readonly logger: Logger; readonly errors: unknown[] } {
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (...said: unknown[]) => errors.push(said) };
  return { logger, errors };
}
