import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { LabResult } from '../../src/lab/index.ts';
import { packageRoot } from '../../src/util/index.ts';
import { startProcess } from '../support/processes.ts';

const BINARY = fileURLToPath(new URL('bin/tidegauge', packageRoot()));
const TIMEOUT_MS = 170_000;

test('every strategy is measured, and what must hold of each does', {
  timeout: TIMEOUT_MS,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-lab-test-'));
  const [json, html] = [join(folder, 'lab.json'), join(folder, 'lab.html')];
  const running = await startProcess({
    command: process.execPath,
    args: [
      ...[BINARY, 'lab', '--quick', '--agents', '4', '--series', '20', '--partition', '5s'],
      ...['--json', json, '--html', html],
    ],
    // Data folders of the lab are made there: none may be left.
    env: { TMPDIR: folder },
  });
  try {
    expect(await running.exited).toEqual({ code: 0, signal: null });
    const result = JSON.parse(await readFile(json, 'utf8')) as LabResult;
    expect(result.strategies.map(({ name }) => name)).toEqual([
      ...['pull', 'remote-write', 'gateway', 'hybrid'],
    ]);
    for (const { name, calm, disturbed } of result.strategies) {
      if ('notAvailable' in calm) throw new Error(`${name}: ${calm.notAvailable}`);
      if ('notAvailable' in disturbed) throw new Error(`${name}: ${disturbed.notAvailable}`);
      expect(calm.discoveryMs).toHaveLength(4);
      expect(calm.sockets.perAgent, name).toBe(name === 'pull' ? 1 : 0);
      const { loss, partition, outage, congestion } = disturbed;
      for (const [kind, fault] of Object.entries({ loss, partition, outage, congestion })) {
        const about = `${name}, ${kind}, late by ${disturbed.loadLateMs}: ${JSON.stringify(fault)}`;
        expect(fault.stored.wrong, about).toBe(0);
        if (name !== 'hybrid') continue;
        expect(fault.stored.duplicates, about).toBe(0);
        expect(fault.stored.stored, about).toBe(fault.stored.generated);
      }
      // What is asked for during a partition is not there afterwards.
      if (name === 'pull') expect(partition.stored.stored).toBeLessThan(partition.stored.generated);
    }
    expect(await readFile(html, 'utf8')).toContain('<svg');
    expect((await readdir(folder)).toSorted()).toEqual(['lab.html', 'lab.json']);
  } finally {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
