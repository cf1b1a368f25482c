import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createPushHandlers, noPushMetrics, pushOptionsSchema } from '../src/ingest/index.ts';
import { SourceRegistry } from '../src/sources/index.ts';
import type { Storage } from '../src/storage/index.ts';
import { silentLogger } from '../src/telemetry/index.ts';
import { systemClock } from '../src/util/index.ts';
import { Load } from './load/load.ts';
import { WriteRequests } from './load/write-requests.ts';
import { cpuOf, medianOfRuns, onEmptyStore } from './support/in-process.ts';

interface Options {
  readonly series: number;
  readonly ticks: number;
  readonly runs: number;
  readonly samplesPerRequest: number;
}

/**
 * CPU seconds per million samples of the handler itself, from body to durable commit, without
 * sockets: what the collector does besides HTTP. Making the bodies is not counted.
 */
export async function inProcessWrite(
  options: Options,
  progress: (line: string) => void,
): Promise<number> {
  const run = (): Promise<number> =>
    onEmptyStore((storage, folder) => measure(storage, folder, options));
  return medianOfRuns(options.runs, 'in-process', run, progress);
}

async function measure(storage: Storage, folder: string, options: Options): Promise<number> {
  // Bodies are made first and read back one by one, so that what is measured is receiving them,
  // and not the garbage of making them.
  const bodiesFile = join(folder, 'bodies');
  const sizes = writeBodies(bodiesFile, options);
  const push = createPushHandlers({
    storage,
    sources: new SourceRegistry({ clock: systemClock }),
    clock: systemClock,
    logger: silentLogger,
    metrics: noPushMetrics,
    options: pushOptionsSchema.parse({}),
    version: 'bench',
  });
  const bodies = openSync(bodiesFile, 'r');
  const cpuMicros = await cpuOf(async () => {
    for (const sizeBytes of sizes) {
      const body = Buffer.allocUnsafe(sizeBytes);
      readSync(bodies, body);
      await send(push, body);
    }
  });
  closeSync(bodies);
  return cpuMicros / (options.series * options.ticks);
}

/** Writes the bodies of all ticks one after the other; their sizes. */
function writeBodies(file: string, options: Options): number[] {
  const load = new Load(options.series);
  const requests = new WriteRequests(load, options.samplesPerRequest);
  const firstMs = Math.floor(Date.now() / 1000) * 1000 - options.ticks * 15_000;
  const sizes: number[] = [];
  const output = openSync(file, 'w');
  for (let tick = 0; tick < options.ticks; tick++) {
    if (tick > 0) load.tick();
    for (const body of requests.bodies(firstMs + tick * 15_000)) {
      writeSync(output, body);
      sizes.push(body.length);
    }
  }
  closeSync(output);
  return sizes;
}

async function send(push: ReturnType<typeof createPushHandlers>, body: Uint8Array): Promise<void> {
  const request = new IncomingMessage(new Socket());
  request.method = 'POST';
  request.url = '/api/v1/write';
  request.headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'content-length': String(body.length),
  };
  const response = new ServerResponse(request);
  request.push(body);
  request.push(null);
  await push.handle(request, response);
  if (response.statusCode >= 300) throw new Error(`the handler answered ${response.statusCode}`);
}
