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
  const reader = stream.readable.getReader();
  expect((await reader.read()).value).toEqual(bytes('a'));
  await writing;
  stream.end(bytes('b'));
  expect((await reader.read()).value).toEqual(bytes('b'));
  expect((await reader.read()).done).toBe(true);
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
  stream.fail(new Error('no'));
  await expect(new Response(stream.readable).arrayBuffer()).rejects.toThrow('no');
});

it('notices a reader that goes away, and lets the writer go on', async () => {
  const gone = vi.fn<() => void>();
  const stream = new PartStream(gone);
  const writing = stream.write(bytes('a'));
  await stream.readable.cancel();
  await writing;
  expect(gone).toHaveBeenCalledTimes(1);
  stream.end(bytes('b'));
});
