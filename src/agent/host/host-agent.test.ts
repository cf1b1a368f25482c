import { describe, expect, it } from 'vitest';
import type { RemoteWriteVisitor } from '../../formats/index.ts';
import {
  decodeLabels,
  decompress,
  decompressedSize,
  walkWriteRequest,
} from '../../formats/index.ts';
import { Labels } from '../../model/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { FakeClock } from '../../util/index.ts';
import { HostAgent } from './host-agent.ts';
import type { HostFiles } from './host-metric.ts';

const files: HostFiles = {
  read: (path) =>
    path === '/proc/loadavg'
      ? Promise.resolve('0.50 0.25 0.10 1/2 3')
      : Promise.reject(new Error()),
  statfs: () => Promise.reject(new Error()),
};

const OPTIONS = { enabled: true, interval_ms: 5000, job: 'host' };

function decode(body: Uint8Array) {
  const bytes = new Uint8Array(decompressedSize(body, 0, body.length, 1 << 24));
  decompress(body, 0, body.length, bytes);
  const found = new Map<string, { value: number; timestamp: number }>();
  let families = 0;
  let labels = Labels.EMPTY;
  const visitor: RemoteWriteVisitor = {
    series(identity, start, end) {
      labels = decodeLabels(identity, start, end).labels;
    },
    sample(offset, timestamp) {
      const value = new DataView(bytes.buffer).getFloat64(offset, true);
      found.set(labels.toString(), { value, timestamp });
    },
    histogram() {},
    exemplar() {},
    metadata: () => void families++,
  };
  walkWriteRequest(bytes, 0, bytes.length, visitor);
  return { found, families };
}

async function run(send: (body: Uint8Array) => Promise<void>, durationMs: number) {
  const clock = new FakeClock(1_700_000_001_000);
  const labels = Labels.fromObject({ job: 'host', instance: 'here' });
  const deps = { options: OPTIONS, labels, clock, logger: silentLogger, send, files };
  const agent = new HostAgent(deps);
  agent.start();
  await clock.advance(durationMs);
  await agent.stop();
}

describe('HostAgent', () => {
  it('reads at once and then at each multiple of the interval', async () => {
    const bodies: Uint8Array[] = [];
    await run((body) => Promise.resolve(void bodies.push(body)), 10_000);
    const key = 'node_load1{instance="here", job="host"}';
    const loads = bodies.map((body) => decode(body).found.get(key));
    expect(loads.map((load) => load?.timestamp)).toEqual([
      1_700_000_001_000, 1_700_000_005_000, 1_700_000_010_000,
    ]);
    expect(loads[0]?.value).toBe(0.5);
    expect(bodies.map((body) => decode(body).families > 0)).toEqual([true, false, false]);
  });

  it('does not remember every device that ever was', async () => {
    const clock = new FakeClock(0);
    let reading = 0;
    const changing: HostFiles = {
      read: (path) =>
        path === '/proc/net/dev'
          ? Promise.resolve(`\n\nveth${reading++}: ${'1 '.repeat(16)}\n`)
          : Promise.reject(new Error()),
      statfs: () => Promise.reject(new Error()),
    };
    const send = () => Promise.resolve();
    const labels = Labels.EMPTY;
    const deps = { options: OPTIONS, labels, clock, logger: silentLogger, send, files: changing };
    const agent = new HostAgent(deps);
    agent.start();
    await clock.advance(500 * OPTIONS.interval_ms);
    await agent.stop();
    expect(reading).toBe(501);
    expect(agent.heldLabelCount).toBeLessThan(1200);
  });

  it('goes on when a reading cannot be sent', async () => {
    let calls = 0;
    await run(() => (calls++ === 0 ? Promise.reject(new Error('down')) : Promise.resolve()), 5_000);
    expect(calls).toBe(2);
  });
});
