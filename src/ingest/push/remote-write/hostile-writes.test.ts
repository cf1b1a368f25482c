import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../../../test/support/memory-storage.ts';
import { type PushServer, startPushServer } from '../../../../test/support/push-server.ts';
import { snappy, writeMessage } from '../../../../test/support/write-body.ts';
import { INVALID_SERIES_MAX } from './write-decoder.ts';

const T = 1_700_000_000_000;
const MIB = 1024 * 1024;

let server: PushServer;
afterEach(() => server.close());

async function send(storage: MemoryStorage, ...parts: readonly Uint8Array[]) {
  server = await startPushServer({ storage });
  return server.send('POST', '/api/v1/write', snappy(Buffer.concat(parts)));
}

/** `bytes`, again and again. */
function times(count: number, bytes: readonly number[]): Uint8Array {
  return Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
}

// Each took minutes, or gigabytes, in which nobody else was served.
describe('a small body with a lot in it', () => {
  it('of names without samples', async () => {
    const storage = new MemoryStorage();
    const good = writeMessage([[{ __name__: 'good' }, [T, 1]]]);
    const { status } = await send(storage, times(12 * MIB, [0x0a, 0]), good);
    expect([status, storage.sampleCount]).toEqual([204, 1]);
  });

  it('of samples without names', async () => {
    const storage = new MemoryStorage();
    const good = writeMessage([[{ __name__: 'good' }, [T, 1]]]);
    // Each the message of a series with one sample, which has a time.
    const nameless = times(2 * MIB, [0x0a, 4, 0x12, 2, 0x10, 1]);
    const { status, body } = await send(storage, nameless, good);
    expect([status, storage.commits]).toEqual([400, 0]);
    expect(body).toContain(`more than ${INVALID_SERIES_MAX} series have invalid labels`);
    expect(body).toContain('no metric name');
  });

  it('of exemplars without times', async () => {
    const storage = new MemoryStorage();
    const samples = Array.from({ length: 200_000 }, (_, index): [number, number] => [T + index, 1]);
    const label = [0x0a, 7, 0x0a, 5, ...Buffer.from('trace'), 0x11, 0, 0, 0, 0, 0, 0, 0, 0];
    const exemplar = [0x1a, label.length, ...label];
    const name = [0x0a, 13, 0x0a, 8, ...Buffer.from('__name__'), 0x12, 1, 0x62];
    const count = 60_000;
    const size = name.length + count * exemplar.length;
    const head = [0x0a, (size & 127) | 128, ((size >> 7) & 127) | 128, size >> 14, ...name];
    const { status } = await send(
      storage,
      writeMessage([[{ __name__: 'a' }, ...samples]]),
      Uint8Array.from(head),
      times(count, exemplar),
    );
    expect([status, storage.sampleCount]).toEqual([204, 200_000]);
    expect(storage.exemplarList.length).toBeGreaterThan(0);
  });
});
