import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { ReaderMessage, StoreMessage } from './protocol.ts';
import { MergedSource } from './read-source.ts';
import type { Reader } from './reader.ts';
import { ReaderServer } from './reader-server.ts';

function reader(labelNames: Reader['labelNames']): Reader {
  const unused = () => Promise.reject(new Error('not asked for'));
  return { select: unused, series: unused, labelValues: unused, labelNames };
}

test('an answer that cannot be sent is an error of the one who asked, not silence', async () => {
  const { port1, port2 } = new MessageChannel();
  const shared = new ArrayBuffer(8);
  const answer = { bytes: new Uint8Array(shared), lengths: new Uint32Array(shared) };
  const server = new ReaderServer(
    new MergedSource(reader(() => Promise.resolve(answer))),
    port1,
    () => {},
  );
  const range = { minTime: 0, maxTime: 1 };
  const request = { op: 'labelNames', lists: [], range } as const;
  port2.postMessage({ id: 7, request } satisfies ReaderMessage);
  const [message] = (await once(port2, 'message')) as [StoreMessage];
  expect(message).toMatchObject({ id: 7, error: { code: 'storage_failed' } });
  server.close();
  await once(port2, 'close');
});
