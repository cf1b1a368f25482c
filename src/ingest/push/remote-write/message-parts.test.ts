import { expect, test } from 'vitest';
import { MemoryStorage } from '../../../../test/support/memory-storage.ts';
import { startPushServer } from '../../../../test/support/push-server.ts';
import { snappy, writeMessage, type WriteRow } from '../../../../test/support/write-body.ts';
import { messageParts } from './message-parts.ts';

const T = 1_700_000_000_000;

function rows(count: number): WriteRow[] {
  return Array.from({ length: count }, (_, index) => [
    { __name__: 'm', filler: 'x'.repeat(200), index: String(index) },
    [T, index],
  ]);
}

test('parts are of bounded size, end where fields end, and are all of the message', () => {
  const fields = [
    // Two series, a varint, eight and four bytes, a long one.
    Uint8Array.of(0x0a, 2, 1, 2),
    Uint8Array.of(0x0a, 0),
    Uint8Array.of(0x10, 0xff, 0x01),
    Uint8Array.of(0x19, 1, 2, 3, 4, 5, 6, 7, 8),
    Uint8Array.of(0x25, 1, 2, 3, 4),
    Uint8Array.of(0x0a, 0x80 | 72, 1, ...new Uint8Array(200)),
  ];
  const message = Uint8Array.from(Buffer.concat(fields));
  expect([...messageParts(message, 1)]).toEqual(fields);
  expect([...messageParts(message, 5)].map((part) => part.length)).toEqual([6, 12, 5, 203]);
  expect([...messageParts(message, 1000)]).toEqual([message]);
  expect([...messageParts(new Uint8Array(0), 10)]).toEqual([]);
  // A group, which nobody has sent for twenty years, and a length beyond the end.
  expect(
    [...messageParts(Uint8Array.of(0x0a, 0, 0x0b, 1, 1), 1)].map((part) => part.length),
  ).toEqual([2, 3]);
  expect([...messageParts(Uint8Array.of(0x0a, 9, 0), 1)].map((part) => part.length)).toEqual([3]);
});

test('a large message is stored as one commit, and one that is damaged at its end not at all', async () => {
  const storage = new MemoryStorage();
  const server = await startPushServer({ storage });
  try {
    const message = writeMessage(rows(20_000));
    expect(message.length).toBeGreaterThan(4 * 1024 * 1024);
    const damaged = Buffer.concat([message, Uint8Array.of(0x0a, 5, 1)]);
    const refused = await server.send('POST', '/api/v1/write', snappy(damaged));
    expect([refused.status, storage.commits]).toEqual([400, 0]);
    expect(refused.body).toContain('nothing is stored');
    const { status } = await server.send('POST', '/api/v1/write', snappy(message));
    expect([status, storage.commits, storage.sampleCount]).toEqual([204, 1, 20_000]);
  } finally {
    await server.close();
  }
});
