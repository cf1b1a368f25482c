import { randomBytes } from 'node:crypto';
import { connectKernelReader, createKernel, KERNEL_KEY_BYTES } from '../../src/kernel/index.ts';
import type { Kernel, KernelBody } from '../../src/kernel/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { Load } from '../load/load.ts';
import { WriteRequests } from '../load/write-requests.ts';
import { textBodies } from './text-bodies.ts';

const LIMIT_BYTES = 2 ** 26;
const ALWAYS = { minTime: -Infinity, maxTime: Infinity };
const INTERVAL_MS = 15_000;
const FIRST_MS = 1_700_000_000_000;
const NO_SHAPE = { labelPairs: [], movement: 'constant' } as const;

export interface KernelBenchOptions {
  readonly series: number;
  readonly ticks: number;
  readonly samplesPerRequest: number;
}

/** What each part cost, in CPU nanoseconds per sample: the least and the mean of all rounds. */
class Costs {
  readonly #rounds = new Map<string, number[]>();

  measure<T>(part: string, samples: number, run: () => T): T {
    const before = process.cpuUsage();
    const result = run();
    const { user, system } = process.cpuUsage(before);
    const rounds = this.#rounds.get(part) ?? [];
    rounds.push(((user + system) * 1000) / samples);
    this.#rounds.set(part, rounds);
    return result;
  }

  print(log: (line: string) => void): void {
    for (const [part, rounds] of this.#rounds) {
      const mean = rounds.reduce((sum, one) => sum + one, 0) / rounds.length;
      log(`${part.padEnd(34)}${Math.min(...rounds).toFixed(1)} ns, mean ${mean.toFixed(1)}`);
    }
  }
}

/** The kernel alone on the generated load: no HTTP, no log, no index. */
export function kernelBench(options: KernelBenchOptions, log: (line: string) => void): void {
  const { series, ticks } = options;
  log(`kernel, ${series} series x ${ticks} ticks; CPU per sample`);
  const load = new Load(series);
  const kernel = createKernel({ maxBytes: 2 ** 32, key: randomBytes(KERNEL_KEY_BYTES) });
  const costs = new Costs();
  remoteWrite(kernel, load, options, costs);
  reportMemory(kernel, series, log);
  readBack(kernel, series, ticks, costs);
  standAlone(kernel, load, costs, log);
  scrapes(kernel, load, costs);
  costs.print(log);
}

function remoteWrite(
  kernel: Kernel,
  load: Load,
  { series, ticks, samplesPerRequest }: KernelBenchOptions,
  costs: Costs,
): void {
  const requests = new WriteRequests(load, samplesPerRequest);
  const owner = kernel.openOwner({ context: 1, tracked: false });
  const bodies: KernelBody[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    if (tick > 0) load.tick();
    const messages = [...requests.bodies(FIRST_MS + tick * INTERVAL_MS)];
    while (bodies.length < messages.length) bodies.push(kernel.openBody());
    take(bodies, messages, series, costs);
    costs.measure(tick === 0 ? 'walk, all unknown' : 'walk, predicted', series, () => {
      for (const body of bodies) body.walkRemoteWrite(owner);
    });
    if (tick === 0) {
      let nextRef = 1;
      costs.measure('create series and identity', series, () => {
        for (const body of bodies) nextRef = resolveAll(kernel, body, nextRef);
      });
    }
    costs.measure(tick < 10 ? 'append, first ten' : 'append, with packing', series, () => {
      for (const body of bodies) body.append(ALWAYS);
    });
    kernel.reclaim();
  }
  probes(load, bodies, owner, samplesPerRequest, costs);
  for (const body of bodies) body.release();
}

function take(
  bodies: readonly KernelBody[],
  messages: readonly Uint8Array[],
  series: number,
  costs: Costs,
): void {
  costs.measure('copy in', series, () => {
    for (const [index, message] of messages.entries()) fill(bodies[index], message);
  });
  costs.measure('snappy', series, () => {
    for (const body of bodies) body.decompress(LIMIT_BYTES);
  });
}

function fill(body: KernelBody | undefined, bytes: Uint8Array): void {
  body?.input(bytes.length).set(bytes);
  body?.setInputLength(bytes.length);
}

function resolveAll(kernel: Kernel, body: KernelBody, firstRef: number): number {
  let ref = firstRef;
  for (let index = 0; index < body.unknownCount; index++) {
    kernel.createSeries(ref);
    body.resolve(index, ref++);
  }
  return ref;
}

/** Walks in one order and then another, so that what followed last time never does again. */
function probes(
  load: Load,
  bodies: readonly KernelBody[],
  owner: number,
  samplesPerRequest: number,
  costs: Costs,
): void {
  const series = load.series.length;
  for (const stride of [7919, 3989, 7919, 3989]) {
    const order = Array.from({ length: series }, (_, index) => (index * stride) % series);
    const strided = {
      series: order.map((index) => load.series[index] ?? NO_SHAPE),
      values: Float64Array.from(order, (index) => load.values[index] ?? 0),
    };
    const messages = [...new WriteRequests(strided, samplesPerRequest).bodies(FIRST_MS)];
    for (const [index, message] of messages.entries()) fill(bodies[index], message);
    for (const body of bodies) body.decompress(LIMIT_BYTES);
    costs.measure('walk, probed', series, () => {
      for (const body of bodies) body.walkRemoteWrite(owner);
    });
  }
}

function reportMemory(kernel: Kernel, series: number, log: (line: string) => void): void {
  const { bytesByKind, memoryBytes, sampleCount, chunkCount } = kernel.stats();
  for (const [kind, bytes] of Object.entries(bytesByKind)) {
    if (bytes > series) log(`${kind.padEnd(34)}${(bytes / series).toFixed(1)} B per series`);
  }
  const { chunks, time_blocks } = bytesByKind;
  log(`memory${' '.repeat(28)}${(memoryBytes / series).toFixed(0)} B per series`);
  log(`chunks in memory${' '.repeat(18)}${chunkCount}, ${sampleCount} samples in all`);
  log(`chunk and times${' '.repeat(19)}${((chunks + time_blocks) / chunkCount).toFixed(1)} B each`);
}

function readBack(kernel: Kernel, series: number, ticks: number, costs: Costs): void {
  const reader = connectKernelReader(kernel.openReader());
  const into = new SampleColumns(ticks);
  for (let round = 0; round < 5; round++) {
    costs.measure('read back', series * ticks, () => {
      reader.begin();
      for (let ref = 1; ref <= series; ref++) {
        into.reset();
        reader.read(ref, 0, Number.MAX_SAFE_INTEGER, into);
      }
      reader.end();
    });
  }
}

/** Chunks of all that each series has, as for a block. */
function standAlone(kernel: Kernel, load: Load, costs: Costs, log: (line: string) => void): void {
  const reader = connectKernelReader(kernel.openReader());
  const body = kernel.openBody();
  const into = new SampleColumns();
  let bytes = 0;
  let samples = 0;
  const chunks: Uint8Array[] = [];
  const sizes = new Map<string, { bytes: number; samples: number }>();
  for (let ref = 1; ref <= load.series.length; ref += 7) {
    into.reset();
    reader.read(ref, 0, Number.MAX_SAFE_INTEGER, into);
    samples += into.length;
    const refs = new Uint32Array(into.length);
    const { length, timestamps, values, words } = into;
    body.setColumns({ length, refs, timestamps, values, words });
    const chunk = body.packColumns(0, into.length);
    bytes += chunk.length;
    chunks.push(chunk.slice());
    const movement = load.series[ref - 1]?.movement ?? '';
    const size = sizes.get(movement) ?? { bytes: 0, samples: 0 };
    sizes.set(movement, { bytes: size.bytes + chunk.length, samples: size.samples + length });
  }
  const { length } = into;
  costs.measure('pack alone', length * 20_000, () => {
    for (let round = 0; round < 20_000; round++) body.packColumns(0, length);
  });
  costs.measure('unpack alone', samples, () => {
    for (const chunk of chunks) {
      body.input(chunk.length).set(chunk);
      body.setInputLength(chunk.length);
      body.useInput();
      body.unpackColumns();
    }
  });
  log(
    `alone, ${length} samples a chunk${' '.repeat(7)}${(bytes / samples).toFixed(2)} B per sample`,
  );
  for (const [movement, size] of sizes) {
    const [each, share] = [size.bytes / size.samples, size.bytes / bytes];
    log(`  ${movement.padEnd(30)}${each.toFixed(2)} B, ${(share * 100).toFixed(0)} % of all`);
  }
}

function scrapes(kernel: Kernel, load: Load, costs: Costs): void {
  const series = load.series.length;
  const owners = textBodies(load).map((_, index) =>
    kernel.openOwner({ context: 100 + index, tracked: true }),
  );
  const bodies = owners.map(() => kernel.openBody());
  let nextRef = 10_000_000;
  for (let tick = 0; tick < 8; tick++) {
    load.tick();
    for (const [index, bytes] of textBodies(load).entries()) {
      fill(bodies[index], bytes);
      bodies[index]?.useInput();
    }
    let missing = 0;
    costs.measure(tick === 0 ? 'text scan, all unknown' : 'text scan, known', series, () => {
      for (const [index, body] of bodies.entries()) {
        body.scanText(owners[index] ?? 0, { format: 'text', defaultTimestamp: FIRST_MS });
      }
    });
    for (const body of bodies) nextRef = resolveAll(kernel, body, nextRef);
    costs.measure('missing series of a scrape', series, () => {
      for (const owner of owners) missing += kernel.takeMissing(owner).length;
    });
    if (missing > 0) throw new Error(`${missing} series missing, wanted none`);
  }
}
