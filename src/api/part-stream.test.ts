import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { PartStream } from './part-stream.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

it('gives all parts in order and lets the writer wait for the reader', async () => {
  const stream = new PartStream(() => undefined);
  let isTaken = false;
  const writing = stream.write(bytes('a')).then(() => {
    isTaken = true;
  });
  await stream.begun;
  await Promise.resolve();
  expect(isTaken).toBe(false);
  const reader = stream.readable[Symbol.asyncIterator]();
  expect((await reader.next()).value).toEqual(Buffer.from('a'));
  await writing;
  stream.end(bytes('b'));
  expect((await reader.next()).value).toEqual(Buffer.from('b'));
  expect((await reader.next()).done).toBe(true);
});

it('tells of a failure before the first part instead of a body', async () => {
  const stream = new PartStream(() => undefined);
  stream.fail(new Error('no'));
  await expect(stream.begun).rejects.toThrow('no');
});

it('breaks the body off at a later failure', async () => {
  const stream = new PartStream(() => undefined);
  void stream.write(bytes('a'));
  await stream.begun;
  const failing = once(stream.readable, 'error');
  stream.fail(new Error('no'));
  expect(await failing).toEqual([new Error('no')]);
});

it('notices a reader that goes away, and lets the writer go on', async () => {
  const gone = vi.fn<() => void>();
  const stream = new PartStream(gone);
  const writing = stream.write(bytes('a'));
  stream.readable.destroy();
  await writing;
  await stream.write(bytes('b'));
  stream.end(bytes('c'));
  expect(gone).toHaveBeenCalledTimes(1);
});
