import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LocalPool, resolveScrapeConfigs, scrapeConfigSchema } from '../../ingest/pull/index.ts';
import { isStaleAt, Labels } from '../../model/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { systemClock } from '../../util/index.ts';
import { Reading } from './group-source.ts';
import { PoolSource } from './pool-source.ts';
import { SeriesTable } from './series-table.ts';

/** A target that tells its own name, or fails. */
async function startTarget(name: string) {
  let status = 200;
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(`# TYPE told gauge\ntold{name="${name}"} 7\n`);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const fail = (): void => {
    status = 500;
  };
  return { address: `127.0.0.1:${port}`, fail };
}

test('targets come and go with their files, and series end with them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegauge-pool-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'targets.json');
  const write = (...addresses: string[]): Promise<void> =>
    writeFile(file, JSON.stringify([{ targets: addresses, labels: { site: 'here' } }]));
  const one = await startTarget('one');
  const two = await startTarget('two');
  await write(one.address);
  const yaml = { job_name: 'files', file_sd_configs: [{ files: [file] }] };
  const { configs } = resolveScrapeConfigs({}, [scrapeConfigSchema.parse(yaml)], folder);
  const config = configs[0] ?? expect.fail();
  const pool = new LocalPool(config, { clock: systemClock, logger: silentLogger, version: '0' });
  onTestFinished(() => pool.close());
  pool.start();
  const table = new SeriesTable(Labels.EMPTY);
  const namer = {
    id: table.add.bind(table, 1),
    isKnown: (id: number) => table.get(id) !== undefined,
  };
  const source = new PoolSource(pool, namer, {
    logger: silentLogger,
    unsent: { histograms: 0, exemplars: 0 },
  });
  expect(source.name).toBe('scrape/files');
  const reading = new Reading();
  const read = async (timestamp: number): Promise<string[]> => {
    reading.reset();
    await source.read(timestamp, reading, new AbortController().signal);
    expect(reading.failed).toBe(false);
    const { columns } = reading;
    return Array.from({ length: columns.length }, (_, at) => {
      const labels = table.get(columns.seriesIds[at]!)?.labels ?? expect.fail();
      expect(columns.timestamps[at]).toBe(timestamp);
      expect(labels.get('site')).toBe('here');
      const name = labels.get('name') || labels.get('instance');
      const value = isStaleAt(columns.words, at) ? 'stale' : columns.values[at];
      return `${labels.metricName} ${name} ${value}`;
    }).filter((line) => /^(?:told|up) /.test(line));
  };
  const has = (count: number): Promise<void> =>
    vi.waitFor(() => expect(pool.targets.size).toBe(count), { timeout: 5000 });

  await has(1);
  expect(await read(1000)).toEqual(['told one 7', `up ${one.address} 1`]);
  await write(one.address, two.address);
  await has(2);
  expect((await read(2000)).toSorted()).toEqual(
    ['told one 7', 'told two 7', `up ${one.address} 1`, `up ${two.address} 1`].toSorted(),
  );
  expect(source.targets.map(({ target }) => new URL(target.url).host)).toEqual([
    ...[one.address, two.address],
  ]);
  await write(two.address);
  await has(1);
  expect((await read(3000)).toSorted()).toEqual(
    ['told one stale', 'told two 7', `up ${one.address} stale`, `up ${two.address} 1`].toSorted(),
  );
  two.fail();
  expect((await read(4000)).toSorted()).toEqual(
    ['told two stale', `up ${two.address} 0`].toSorted(),
  );
  expect(await read(5000)).toEqual([`up ${two.address} 0`]);
});
