import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createRawServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { requires } from '../../../../test/support/requirements.ts';
import { systemClock } from '../../../util/index.ts';
import { resolveScrapeConfigs, scrapeConfigSchema } from '../options.ts';
import { ScrapeError, type ScrapeFailure } from '../errors.ts';
import { BodyBuffer } from './body-buffer.ts';
import { HttpTransport } from './http-transport.ts';

interface TestServer {
  readonly url: string;
  readonly seen: IncomingHttpHeaders[];
  readonly sockets: Set<Socket>;
  connections: number;
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  const seen: IncomingHttpHeaders[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    seen.push(request.headers);
    listener(request, response);
  });
  const test: TestServer = { url: '', seen, sockets, connections: 0 };
  server.on('connection', (socket) => {
    test.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(test, { url: `http://${host}:${port}/metrics` });
}

function transportFor(config: object = {}): HttpTransport {
  const parsed = scrapeConfigSchema.parse({ job_name: 'j', ...config });
  const [resolved] = resolveScrapeConfigs({}, [parsed], '/').configs;
  if (resolved === undefined) throw new Error('nothing resolved');
  const transport = new HttpTransport(resolved.http, systemClock);
  closers.push(() => transport.close());
  return transport;
}

interface Got {
  readonly text: string;
  readonly contentType: string;
}

async function get(
  transport: HttpTransport,
  url: string,
  options: { limitBytes?: number; signal?: AbortSignal } = {},
): Promise<Got> {
  const body = new BodyBuffer();
  body.reset(options.limitBytes ?? 0);
  const signal = options.signal ?? AbortSignal.timeout(10_000);
  const headers = { accept: 'text/plain', 'accept-encoding': 'gzip' };
  const contentType = await transport.get({ url, headers }, body, signal);
  return { text: Buffer.from(body.bytes.subarray(0, body.length)).toString(), contentType };
}

async function checkFails(
  got: Promise<unknown>,
  failure: ScrapeFailure,
  message: string | RegExp,
): Promise<void> {
  const error = await got.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ScrapeError);
  expect((error as ScrapeError).failure).toBe(failure);
  expect((error as ScrapeError).message).toMatch(message);
}

/** The client takes its connection back only after the answer has been handed on. */
function released(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const plain: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end('a 1\n');
};

describe('HttpTransport', () => {
  it('reads a body, and uses its connection again', async () => {
    const server = await serve(plain);
    const transport = transportFor();
    for (let index = 0; index < 5; index++) {
      expect(await get(transport, server.url)).toEqual({
        text: 'a 1\n',
        contentType: 'text/plain; version=0.0.4',
      });
      await released();
    }
    expect(server.connections).toBe(1);
    expect(server.seen[0]).toMatchObject({ accept: 'text/plain', 'accept-encoding': 'gzip' });
  });

  it('reads gzip, and bodies in many pieces', async () => {
    const text = Array.from({ length: 50_000 }, (_, index) => `metric_${index} ${index}\n`).join(
      '',
    );
    const zipped = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      const body = gzipSync(text);
      response.write(body.subarray(0, 10));
      setImmediate(() => response.end(body.subarray(10)));
    });
    expect((await get(transportFor(), zipped.url)).text).toBe(text);
    const chunked = await serve((_request, response) => {
      for (let at = 0; at < text.length; at += 9999) response.write(text.slice(at, at + 9999));
      response.end();
    });
    expect((await get(transportFor(), chunked.url)).text).toBe(text);
  });

  it('stops at the size limit, also inside gzip', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const server = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    });
    const transport = transportFor();
    await checkFails(
      get(transport, server.url, { limitBytes: 100_000 }),
      'body_size',
      'body size limit exceeded',
    );
    const large = await serve((_request, response) => response.end('x'.repeat(1000)));
    await checkFails(get(transport, large.url, { limitBytes: 1000 }), 'body_size', /limit/);
    expect((await get(transport, large.url, { limitBytes: 1001 })).text).toHaveLength(1000);
  });

  it('fails at gzip that is broken or cut, and at other encodings', async () => {
    const body = gzipSync('a 1\n'.repeat(1000));
    const answer = async (bytes: Uint8Array, encoding = 'gzip'): Promise<TestServer> =>
      serve((_request, response) => {
        response.setHeader('content-encoding', encoding);
        response.end(bytes);
      });
    const transport = transportFor();
    const broken = await answer(Buffer.from('no gzip'));
    await checkFails(get(transport, broken.url), 'encoding', /^gzip: /);
    const cut = await answer(body.subarray(0, body.length - 12));
    await checkFails(get(transport, cut.url), 'encoding', /^gzip: unexpected end/);
    const other = await answer(body, 'br');
    await checkFails(get(transport, other.url), 'encoding', 'unsupported Content-Encoding "br"');
  });

  it('fails where the answer breaks off', async () => {
    const server = await serve((_request, response) => {
      response.setHeader('content-length', '1000');
      response.write('a 1\n');
      setImmediate(() => response.destroy());
    });
    await checkFails(get(transportFor(), server.url), 'connection', /^Get "http.*": /);
    expect(server.seen).toHaveLength(1);
  });

  it('fails at statuses other than 200, and keeps the connection', async () => {
    const server = await serve((_request, response) => {
      response.statusCode = 503;
      response.end('busy');
    });
    const transport = transportFor();
    for (let index = 0; index < 3; index++) {
      await checkFails(
        get(transport, server.url),
        'status',
        /^server returned HTTP status 503 Service Unavailable$/,
      );
      await released();
    }
    expect(server.connections).toBe(1);
  });

  it('gives up when told to, before and after the answer began', async () => {
    const silent = await serve(() => {});
    const transport = transportFor();
    const abort = new AbortController();
    const pending = get(transport, silent.url, { signal: abort.signal });
    setTimeout(() => abort.abort(new ScrapeError('timeout', 'context deadline exceeded')), 50);
    await checkFails(pending, 'timeout', /^Get "http.*": context deadline exceeded$/);
    const slow = await serve((_request, response) => {
      response.write('a 1\n');
    });
    const signal = AbortSignal.timeout(50);
    await checkFails(get(transport, slow.url, { signal }), 'connection', /aborted due to timeout/);
    expect(silent.sockets.size).toBe(0);
  });

  it('says why nobody answers', async () => {
    const server = await serve(plain);
    await closers.pop()?.();
    await checkFails(get(transportFor(), server.url), 'connection', /ECONNREFUSED/);
  });

  it('closes once and for all: again does no harm, nor does it while a scrape is under way', async () => {
    const { url } = await serve((_request, response) => response.end('a 1\n'));
    const transport = transportFor();
    const scrape = get(transport, url);
    const closing = [transport.close(), transport.close()];
    expect((await scrape).text).toBe('a 1\n');
    await Promise.all(closing);
    await transport.close();
  });

  it('tries once more where a kept connection was just closed', async () => {
    let count = 0;
    const server = await serve((request, response) => {
      count++;
      // The second request finds its connection closed without an answer.
      if (count === 2) request.socket.destroy();
      else response.end('a 1\n');
    });
    const transport = transportFor();
    await get(transport, server.url);
    expect((await get(transport, server.url)).text).toBe('a 1\n');
    expect([count, server.connections]).toEqual([3, 2]);
  });
});

/** A server that answers each request with these bytes, and what becomes of its sockets. */
async function serveBytes(
  ...answers: readonly string[]
): Promise<{ readonly url: string; readonly seen: string[]; connections: number }> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createRawServer((socket) => {
    served.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const text = answers[seen.length] ?? answers.at(-1) ?? '';
      seen.push(chunk.toString('latin1'));
      if (text === 'CLOSE') socket.end();
      else socket.write(text, 'latin1');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const served = { url: `http://127.0.0.1:${port}/metrics?a=b`, seen, connections: 0 };
  return served;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n';

describe('connections', () => {
  it('carry requests as they should be', async () => {
    const server = await serveBytes(ANSWER);
    await get(transportFor(), server.url);
    const { host } = new URL(server.url);
    expect(server.seen).toEqual([
      `GET /metrics?a=b HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n` +
        'accept: text/plain\r\naccept-encoding: gzip\r\n\r\n',
    ]);
  });

  it('are dropped where the answer is malformed, or followed by what nobody asked for', async () => {
    const twoLengths = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n';
    const server = await serveBytes(twoLengths, `${ANSWER}HTTP/1.1 200 OK\r\n`, ANSWER);
    const transport = transportFor();
    const message = /^Get "http.*": malformed HTTP answer: both Content-Length and Transfer-/;
    await checkFails(get(transport, server.url), 'connection', message);
    expect((await get(transport, server.url)).text).toBe('a 1\n');
    expect((await get(transport, server.url)).text).toBe('a 1\n');
    expect([server.seen.length, server.connections]).toEqual([3, 3]);
  });

  it('that are new and closed without an answer fail the scrape, and are not tried again', async () => {
    const server = await serveBytes('CLOSE');
    const message = /: the connection was closed before an answer came$/;
    await checkFails(get(transportFor(), server.url), 'connection', message);
    expect(server.seen).toHaveLength(1);
  });

  it('that were kept and fail in the middle of an answer are not tried again', async () => {
    const server = await serveBytes(ANSWER, 'HTTP/1.1 200 OK\r\n');
    const transport = transportFor();
    await get(transport, server.url);
    const signal = AbortSignal.timeout(100);
    await checkFails(get(transport, server.url, { signal }), 'connection', /timeout/);
    expect([server.seen.length, server.connections]).toEqual([2, 1]);
  });

  it('are not used again when the server said that it would close them by then', async () => {
    const named = ANSWER.replace('\r\n', '\r\nKeep-Alive: timeout=1, max=5\r\n');
    const server = await serveBytes(named);
    const transport = transportFor();
    await get(transport, server.url);
    await get(transport, server.url);
    expect(server.connections).toBe(2);
    const longer = await serveBytes(named.replace('=1', '=9'));
    await get(transport, longer.url);
    await get(transport, longer.url);
    expect(longer.connections).toBe(1);
  });

  it('are made for each of the scrapes that run at one time, and all kept', async () => {
    const server = await serve(plain);
    const transport = transportFor();
    const three = [0, 1, 2];
    await Promise.all(three.map(() => get(transport, server.url)));
    await Promise.all(three.map(() => get(transport, server.url)));
    expect(server.connections).toBe(3);
    await transport.close();
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  it('take no headers that would become two', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'scrape-'));
    closers.push(() => rm(directory, { recursive: true }));
    const file = join(directory, 'secret');
    await writeFile(file, 'a\r\nx-other: b');
    const server = await serve(plain);
    const transport = transportFor({ authorization: { credentials_file: file } });
    await checkFails(get(transport, server.url), 'connection', /header "authorization" holds/);
    expect(server.seen).toEqual([]);
  });
});

describe('credentials', () => {
  it('are sent as configured, from files as they are now', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'scrape-'));
    closers.push(() => rm(directory, { recursive: true }));
    const file = join(directory, 'secret');
    await writeFile(file, ' first\n');
    const server = await serve(plain);
    const basic = transportFor({ basic_auth: { username: 'u', password_file: file } });
    await get(basic, server.url);
    await writeFile(file, 'second');
    await get(basic, server.url);
    await get(transportFor({ basic_auth: { username: 'ü', password: 'p:q' } }), server.url);
    await get(transportFor({ authorization: { credentials: 'tok' } }), server.url);
    await get(
      transportFor({ authorization: { type: 'Custom', credentials_file: file } }),
      server.url,
    );
    await get(transportFor({ bearer_token: 'old' }), server.url);
    const base64 = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(server.seen.map((headers) => headers.authorization)).toEqual([
      base64('u:first'),
      base64('u:second'),
      base64('ü:p:q'),
      'Bearer tok',
      'Custom second',
      'Bearer old',
    ]);
  });

  it('come with custom headers', async () => {
    const server = await serve(plain);
    await get(
      transportFor({ http_headers: { 'X-One': { values: ['a', 'b'], secrets: ['c'] } } }),
      server.url,
    );
    expect(server.seen[0]?.['x-one']).toBe('a, b, c');
  });

  it('whose file cannot be read fail the scrape', async () => {
    const server = await serve(plain);
    const transport = transportFor({ authorization: { credentials_file: '/nonexistent/x' } });
    await checkFails(get(transport, server.url), 'connection', /unable to read file/);
    expect(server.seen).toEqual([]);
  });
});

requires({ commands: ['openssl'] }).describe('TLS', () => {
  async function serveTls(): Promise<{ readonly url: string; readonly ca: string }> {
    const directory = await mkdtemp(join(tmpdir(), 'scrape-tls-'));
    closers.push(() => rm(directory, { recursive: true }));
    const [key, ca] = [join(directory, 'key.pem'), join(directory, 'ca.pem')];
    const subject = ['-subj', '/CN=target', '-addext', 'subjectAltName=DNS:target.test'];
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
    execFileSync('openssl', [...args, '-keyout', key, '-out', ca], { stdio: 'ignore' });
    const options = { key: await readFile(key), cert: await readFile(ca) };
    const server = createTlsServer(options, plain);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, ca };
  }

  it('verifies the target with the configured authority and name, unless told not to', async () => {
    const { url, ca } = await serveTls();
    await checkFails(get(transportFor(), url), 'connection', /self-signed certificate/);
    const insecure = transportFor({ tls_config: { insecure_skip_verify: true } });
    expect((await get(insecure, url)).text).toBe('a 1\n');
    const named = transportFor({ tls_config: { ca_file: ca, server_name: 'target.test' } });
    expect((await get(named, url)).text).toBe('a 1\n');
    const misnamed = transportFor({ tls_config: { ca_file: ca, server_name: 'other.test' } });
    await checkFails(get(misnamed, url), 'connection', /does not match certificate/);
    const old = { max_version: 'TLS10', insecure_skip_verify: true };
    await checkFails(get(transportFor({ tls_config: old }), url), 'connection', /./);
    const missing = transportFor({ tls_config: { ca_file: '/nonexistent/ca' } });
    await checkFails(get(missing, url), 'connection', /unable to read file/);
  });
});

describe('redirects', () => {
  function redirectTo(location: string): RequestListener {
    return (request, response) => {
      if (request.url === '/metrics') {
        response.writeHead(302, { location });
        response.end();
      } else {
        response.end('b 2\n');
      }
    };
  }

  it('are followed, with the credentials on the same host', async () => {
    const server = await serve(redirectTo('/other'));
    const transport = transportFor({ authorization: { credentials: 'tok' } });
    expect((await get(transport, server.url)).text).toBe('b 2\n');
    expect(server.seen.map((headers) => headers.authorization)).toEqual([
      'Bearer tok',
      'Bearer tok',
    ]);
  });

  it('take no credentials to another host', async () => {
    const other = await serve((_request, response) => response.end('c 3\n'));
    const server = await serve(redirectTo(other.url));
    const transport = transportFor({
      authorization: { credentials: 'tok' },
      http_headers: { 'x-key': { values: ['k'] } },
    });
    expect((await get(transport, server.url)).text).toBe('c 3\n');
    expect(server.seen[0]).toMatchObject({ authorization: 'Bearer tok', 'x-key': 'k' });
    expect(other.seen[0]).not.toHaveProperty('authorization');
    expect(other.seen[0]).not.toHaveProperty('x-key');
    expect(other.seen[0]).toHaveProperty('accept');
  });

  it('are not followed where that is configured, nor for ever, nor to other schemes', async () => {
    const server = await serve(redirectTo('/other'));
    const transport = transportFor({ follow_redirects: false });
    await checkFails(get(transport, server.url), 'status', /HTTP status 302 Found/);
    const loop = await serve(redirectTo('/metrics'));
    await checkFails(get(transportFor(), loop.url), 'connection', /stopped after 10 redirects/);
    const file = await serve(redirectTo('file:///etc/passwd'));
    await checkFails(get(transportFor(), file.url), 'connection', /unsupported protocol scheme/);
  });
});
