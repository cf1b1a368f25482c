import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChaosProxy, type Faults } from './chaos-proxy.ts';

let echo: Server;
let targetPort: number;
let proxy: ChaosProxy;
const opened: Socket[] = [];
const taken: Socket[] = [];

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    taken.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const address = echo.address();
  targetPort = typeof address === 'object' && address !== null ? address.port : 0;
});

afterEach(async () => {
  await proxy.close();
  for (const socket of [...opened.splice(0), ...taken.splice(0)]) socket.destroy();
  await new Promise((resolve) => echo.close(resolve));
});

async function start(faults: Partial<Faults> = {}, seed = 1): Promise<void> {
  proxy = await ChaosProxy.start({ targetPort, seed, faults });
}

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  opened.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Sends and waits for as many bytes back. */
function exchange(socket: Socket, sent: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    const take = (part: Buffer): void => {
      parts.push(part);
      sizeBytes += part.length;
      if (sizeBytes < sent.length) return;
      socket.off('data', take);
      resolve(Buffer.concat(parts));
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.write(sent);
  });
}

function numbered(sizeBytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, at) => (at * 7) % 251));
}

/** What became of a promise within a while. */
function within<T>(promise: Promise<T>, waitMs: number): Promise<T | 'nothing'> {
  return Promise.race([
    promise,
    new Promise<'nothing'>((resolve) => setTimeout(() => resolve('nothing'), waitMs)),
  ]);
}

test('without faults all bytes pass, and the end too', async () => {
  await start();
  const socket = await open();
  const sent = numbered(1_000_000);
  expect(sent.equals(await exchange(socket, sent))).toBe(true);
  socket.end();
  await once(socket, 'end');
  await expect.poll(() => proxy.counts.open).toBe(0);
  expect(proxy.counts).toMatchObject({
    ...{ connections: 1, resets: 0, bytesToTarget: 1_000_000, bytesFromTarget: 1_000_000 },
  });
});

test('latency is added in each direction, jitter keeps the order', async () => {
  await start({ latencyMs: 30, jitterMs: 20 });
  const socket = await open();
  const begin = performance.now();
  const sent = numbered(50_000);
  expect(await exchange(socket, sent)).toEqual(sent);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(59);
});

test('the bandwidth is that of all connections together', async () => {
  await start({ bytesPerSecond: 100_000 });
  const sockets = await Promise.all([open(), open()]);
  const begin = performance.now();
  await Promise.all(sockets.map((socket) => exchange(socket, numbered(20_000))));
  const elapsedMs = performance.now() - begin;
  expect(elapsedMs).toBeGreaterThanOrEqual(395);
  expect(elapsedMs).toBeLessThan(2000);
});

test('what waits for a slow link goes at its new pace', async () => {
  await start({ bytesPerSecond: 1000 });
  const socket = await open();
  const begin = performance.now();
  const answer = exchange(socket, numbered(20_000));
  expect(await within(answer, 100)).toBe('nothing');
  proxy.set({ bytesPerSecond: 100_000 });
  expect(numbered(20_000).equals(await answer)).toBe(true);
  const elapsedMs = performance.now() - begin;
  expect(elapsedMs).toBeGreaterThanOrEqual(290);
  expect(elapsedMs).toBeLessThan(5000);
});

test('a lost piece takes its connection along, as often as its probability says', async () => {
  await start({ resetProbability: 0.2 }, 5);
  let lost = 0;
  for (let round = 0; round < 60; round++) {
    const socket = await open();
    const came = await exchange(socket, numbered(10)).catch(() => undefined);
    if (came === undefined) lost++;
    socket.destroy();
  }
  // Two pieces pass in a round: 36 % of the rounds fail, 22 of 60.
  expect(lost).toBeGreaterThan(9);
  expect(lost).toBeLessThan(36);
  expect(proxy.counts.resets).toBe(lost);
});

test('in a partition nothing passes; afterwards what was under way does', async () => {
  await start();
  const socket = await open();
  await exchange(socket, numbered(10));
  proxy.set({ isPartitioned: true });
  const answer = exchange(socket, numbered(5000));
  const late = await open();
  const lateAnswer = exchange(late, numbered(7));
  expect(await within(Promise.race([answer, lateAnswer]), 150)).toBe('nothing');
  proxy.heal();
  expect(await answer).toEqual(numbered(5000));
  expect(await lateAnswer).toEqual(numbered(7));
});

test('in a partition nobody is told that the other end has gone', async () => {
  await start();
  const socket = await open();
  await exchange(socket, numbered(10));
  proxy.set({ isPartitioned: true });
  for (const end of taken) end.destroy();
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  expect(await within(closed, 150)).toBe('nothing');
  proxy.heal();
  expect(await within(closed, 5000)).not.toBe('nothing');
});

test('refuses, and takes connections again on the same port', async () => {
  await start();
  const { port } = proxy;
  const socket = await open();
  await proxy.refuse();
  await expect(open()).rejects.toThrow('ECONNREFUSED');
  expect(await exchange(socket, numbered(10))).toEqual(numbered(10));
  await proxy.accept();
  expect(proxy.port).toBe(port);
  expect(await exchange(await open(), numbered(10))).toEqual(numbered(10));
});

test('resets every connection on demand', async () => {
  await start();
  const sockets = await Promise.all([open(), open(), open()]);
  await Promise.all(sockets.map((socket) => exchange(socket, numbered(10))));
  const failures = sockets.map((socket) => once(socket, 'error'));
  proxy.resetAll();
  for (const [error] of await Promise.all(failures))
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  expect(proxy.counts).toMatchObject({ open: 0, resets: 3 });
});

test('a target that is not there is counted, and the connection ends', async () => {
  await start();
  await new Promise((resolve) => echo.close(resolve));
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  expect(proxy.counts).toMatchObject({ unreached: 1, open: 0 });
  echo.listen(0);
});
