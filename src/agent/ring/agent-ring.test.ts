import { describe, expect, test } from 'vitest';
import {
  type Crash,
  MemoryFileSystem,
  processCrash,
} from '../../../test/support/memory-file-system.ts';
import type { Sealed, SealedType, Stream } from '../../formats/tide/index.ts';
import { AgentRing, type RingOptions } from './agent-ring.ts';

const OPTIONS: RingOptions = {
  epoch: 5,
  memoryBytes: 10_000,
  diskBytes: 100_000,
  segmentBytes: 500,
  maxAgeMs: 100_000,
};
const DIRECTORY = 'ring';
const unsyncedGone: Crash = { keptBytes: () => 0, damage() {} };

function sealed(
  seq: number,
  { epoch = 5, stream = 1, type = 'BATCH' }: Partial<Sealed & { type: SealedType }> = {},
): Sealed {
  const payload = Uint8Array.from({ length: 60 }, (_unused, index) => (seq + index) % 251);
  return { type, epoch, stream: stream satisfies Stream, seq, codec: 0, payload };
}

describe('AgentRing', () => {
  test('keeps what was acknowledged, in memory and on disk', async () => {
    const fileSystem = new MemoryFileSystem();
    const ring = await AgentRing.open(
      { ...OPTIONS, memoryBytes: 300 },
      { fileSystem, directory: DIRECTORY },
    );
    for (let seq = 1; seq <= 50; seq++) {
      ring.append(sealed(seq), seq);
      if (seq % 2 === 0) await ring.flush(seq);
    }
    expect(ring.extents()).toEqual([
      { stream: 0, firstRetained: 1, lastSeq: 0 },
      { stream: 1, firstRetained: 1, lastSeq: 50 },
    ]);
    for (let seq = 1; seq <= 50; seq++) expect(await ring.read(5, 1, seq)).toEqual(sealed(seq));
    expect(await ring.read(5, 1, 51)).toBeUndefined();
    expect(await ring.read(5, 0, 1)).toBeUndefined();
    await ring.close(50);
    expect(fileSystem.openCount).toBe(0);
  });

  test('evicts by age and by size, never less', async () => {
    const fileSystem = new MemoryFileSystem();
    const options = { ...OPTIONS, memoryBytes: 200, diskBytes: 1500, maxAgeMs: 30 };
    const ring = await AgentRing.open(options, { fileSystem, directory: DIRECTORY });
    for (let seq = 1; seq <= 60; seq++) {
      ring.append(sealed(seq), seq);
      await ring.flush(seq);
    }
    const first = ring.extents()[1]?.firstRetained ?? 0;
    expect(first).toBeGreaterThan(40);
    expect(await ring.read(5, 1, first - 1)).toBeUndefined();
    expect(await ring.read(5, 1, first)).toEqual(sealed(first));
    expect(ring.fill.usedBytes).toBeLessThanOrEqual(1500 + 500);
    await ring.flush(1000);
    expect(ring.extents()[1]?.firstRetained).toBeGreaterThan(54);
  });

  test('after a crash holds what was synced, and tells of it', async () => {
    let fileSystem = new MemoryFileSystem();
    const ring = await AgentRing.open(OPTIONS, { fileSystem, directory: DIRECTORY });
    ring.append(sealed(1, { type: 'SCHEMA' }), 1);
    for (let seq = 2; seq <= 20; seq++) ring.append(sealed(seq), seq);
    ring.append(sealed(1, { stream: 0 }), 20);
    await ring.flush(20);
    ring.append(sealed(21), 21);
    fileSystem = fileSystem.crashed(unsyncedGone);
    const next = await AgentRing.open(
      { ...OPTIONS, epoch: 6 },
      { fileSystem, directory: DIRECTORY },
    );
    const streams = [
      { stream: 0, firstRetained: 1, lastSeq: 1 },
      { stream: 1, firstRetained: 1, lastSeq: 20 },
    ];
    expect(next.previous()).toEqual([{ epoch: 5, nonce: undefined, sealedMs: 20, streams }]);
    expect(await next.read(5, 1, 20)).toEqual(sealed(20));
    expect(await next.read(5, 1, 21)).toBeUndefined();
    expect(next.schemas(5)).toEqual([sealed(1, { type: 'SCHEMA' })]);
    expect(next.extents()[1]).toEqual({ stream: 1, firstRetained: 1, lastSeq: 0 });
  });

  test('where its clock was set back, still tells when it had lived', async () => {
    const fileSystem = new MemoryFileSystem();
    const options = { ...OPTIONS, memoryBytes: 200, diskBytes: 1500 };
    const ring = await AgentRing.open(options, { fileSystem, directory: DIRECTORY });
    for (let seq = 1; seq <= 60; seq++) {
      ring.append(sealed(seq), seq === 1 ? 500 : seq);
      await ring.flush(seq);
    }
    expect(ring.extents()[1]?.firstRetained).toBeGreaterThan(1);
    const next = await AgentRing.open(
      { ...options, epoch: 6 },
      { fileSystem, directory: DIRECTORY },
    );
    expect(next.previous()[0]?.sealedMs).toBe(500);
  });

  test('tells of an epoch before whose it is, and when its last frame was sealed', async () => {
    const fileSystem = new MemoryFileSystem();
    const disk = { fileSystem, directory: DIRECTORY };
    for (const [epoch, nonce] of [
      [5, undefined],
      [6, 2 ** 48 - 1],
    ] as const) {
      const ring = await AgentRing.open({ ...OPTIONS, epoch, nonce }, disk);
      ring.append(sealed(1, { epoch, type: 'SCHEMA' }), 10 * epoch);
      for (let seq = 2; seq <= 20; seq++) ring.append(sealed(seq, { epoch }), 10 * epoch + seq);
      await ring.close(100);
    }
    const next = await AgentRing.open({ ...OPTIONS, epoch: 7, nonce: 3 }, disk);
    expect(next.previous()).toMatchObject([
      { epoch: 5, nonce: undefined, sealedMs: 70 },
      { epoch: 6, nonce: 2 ** 48 - 1, sealedMs: 80 },
    ]);
    for (const epoch of [5, 6]) {
      expect(await next.read(epoch, 1, 20)).toEqual(sealed(20, { epoch }));
      expect(next.schemas(epoch)).toEqual([sealed(1, { epoch, type: 'SCHEMA' })]);
    }
  });

  test('a damaged record ends its segment; the cut is durable', async () => {
    let fileSystem = new MemoryFileSystem();
    const ring = await AgentRing.open(
      { ...OPTIONS, segmentBytes: 100_000 },
      { fileSystem, directory: DIRECTORY },
    );
    for (let seq = 1; seq <= 5; seq++) ring.append(sealed(seq), seq);
    await ring.flush(5);
    fileSystem = fileSystem.crashed(processCrash);
    const path = fileSystem.paths().find((each) => each.endsWith('.seg')) ?? '';
    const bytes = fileSystem.bytes(path);
    bytes.fill(0, bytes.length - 150, bytes.length - 140);
    const open = (epoch: number): Promise<AgentRing> =>
      AgentRing.open({ ...OPTIONS, epoch }, { fileSystem, directory: DIRECTORY });
    expect((await open(6)).previous()[0]?.streams[1]?.lastSeq).toBe(3);
    fileSystem = fileSystem.crashed(unsyncedGone);
    expect((await open(7)).previous()[0]?.streams[1]?.lastSeq).toBe(3);
  });

  test('a disk that refuses leaves all in memory, and is tried again', async () => {
    const fileSystem = new MemoryFileSystem();
    const ring = await AgentRing.open(OPTIONS, { fileSystem, directory: DIRECTORY });
    ring.append(sealed(1), 1);
    fileSystem.onOperation = (operation) => {
      if (operation === 'write') throw new Error('ENOSPC');
    };
    await expect(ring.flush(1)).rejects.toThrow('ENOSPC');
    expect(await ring.read(5, 1, 1)).toEqual(sealed(1));
    fileSystem.onOperation = () => {};
    ring.append(sealed(2), 2);
    await ring.flush(2);
    const after = fileSystem.crashed(unsyncedGone);
    const next = await AgentRing.open(
      { ...OPTIONS, epoch: 6 },
      { fileSystem: after, directory: DIRECTORY },
    );
    expect(next.previous()[0]?.streams[1]).toEqual({ stream: 1, firstRetained: 1, lastSeq: 2 });
  });

  test('a schema that leaves memory before a flush is on disk all the same, once', async () => {
    let fileSystem = new MemoryFileSystem();
    const options = { ...OPTIONS, memoryBytes: 300 };
    const ring = await AgentRing.open(options, { fileSystem, directory: DIRECTORY });
    ring.append(sealed(1, { type: 'SCHEMA' }), 1);
    for (let seq = 2; seq <= 10; seq++) ring.append(sealed(seq), seq);
    ring.append(sealed(11, { type: 'SCHEMA' }), 11);
    fileSystem.onOperation = (operation, path) => {
      if (operation === 'write' && path.endsWith('.seg')) throw new Error('ENOSPC');
    };
    await expect(ring.flush(11)).rejects.toThrow('ENOSPC');
    fileSystem.onOperation = () => {};
    await ring.flush(11);
    fileSystem = fileSystem.crashed(unsyncedGone);
    const next = await AgentRing.open(
      { ...OPTIONS, epoch: 6 },
      { fileSystem, directory: DIRECTORY },
    );
    const schemas = [1, 11].map((seq) => sealed(seq, { type: 'SCHEMA' }));
    expect(next.schemas(5)).toEqual(schemas);
    expect(await next.read(5, 1, 1)).toEqual(schemas[0]);
  });

  test('without a disk, memory is the ring', async () => {
    const ring = await AgentRing.open({ ...OPTIONS, memoryBytes: 500 });
    for (let seq = 1; seq <= 20; seq++) ring.append(sealed(seq), seq);
    await ring.flush(20);
    const first = ring.extents()[1]?.firstRetained ?? 0;
    expect(first).toBe(16);
    expect(await ring.read(5, 1, 15)).toBeUndefined();
    expect(await ring.read(5, 1, 16)).toEqual(sealed(16));
  });
});
