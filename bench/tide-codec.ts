import { performance } from 'node:perf_hooks';
import {
  BatchColumns,
  BatchDecoder,
  BatchEncoder,
  type BatchHead,
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
  frameBytes,
  type PayloadCodec,
} from '../src/formats/tide/index.ts';
import { Load } from './load/load.ts';

// Sizes and times of batches of one agent: the load of the other benches, its first 500 series,
// which are a node exporter's and some containers'. `node bench/tide-codec.ts [series]`.
const SERIES = Number(process.argv[2] ?? 500);
const INTERVAL_MS = 1000;
const ROUNDS = 400;
const BATCHES = 12;
/** The load starts its counters at once; an hour in, they are what an agent sees. */
const WARM_UP_TICKS = 3600;

interface Row {
  readonly ticks: number;
  readonly codec: string;
  readonly bytesPerSample: number;
  readonly encodeNs: number;
  readonly decodeNs: number;
}

function headOf(ticks: number, firstTick: number): BatchHead {
  const group = { group: 1, tickFrom: firstTick, tickTo: firstTick + ticks - 1 };
  const counts = { seriesCount: SERIES, presentCount: SERIES * ticks };
  const none = { suppressedCount: 0, shedCount: 0, failedCount: 0 };
  const rest = { toleranceId: 0, part: 0, parts: 1 } as const;
  const entry = { ...group, ...counts, ...none, ...rest, status: 'FULL', reason: 'NONE' } as const;
  return { schemaVersion: 1, policyVersion: 1, coverage: [entry] };
}

function makeBatches(ticks: number): { head: BatchHead; columns: BatchColumns }[] {
  const load = new Load(SERIES, 7);
  for (let tick = 0; tick < WARM_UP_TICKS; tick++) load.tick();
  let time = 1_760_000_000_000;
  return Array.from({ length: BATCHES }, (_, batch) => {
    const columns = new BatchColumns(SERIES * ticks);
    for (let tick = 0; tick < ticks; tick++) {
      load.tick();
      time += INTERVAL_MS;
      for (let id = 0; id < SERIES; id++) columns.pushValue(id, time, load.values[id]!);
    }
    columns.sortBySeries();
    return { head: headOf(ticks, batch * ticks), columns };
  });
}

/** Least time of one call over all batches, of many rounds. */
function leastNs(rounds: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least * 1e6;
}

function measure(ticks: number, codec: PayloadCodec, name: string): Row {
  const batches = makeBatches(ticks);
  const encoder = new BatchEncoder();
  const decoder = new BatchDecoder();
  const into = new BatchColumns(SERIES * ticks);
  const packed = batches.map(({ head, columns }) => encoder.encode(head, columns, codec));
  const bytes = packed.reduce((sum, { payload }) => sum + frameBytes(payload.length), 0);
  const samples = BATCHES * SERIES * ticks;
  const rounds = Math.max(20, Math.floor(ROUNDS / ticks));
  const encodeNs = leastNs(rounds, () => {
    for (const { head, columns } of batches) encoder.encode(head, columns, codec);
  });
  const decodeNs = leastNs(rounds, () => {
    for (const { payload, codec: used } of packed) {
      into.reset();
      decoder.decode(payload, used, into);
    }
  });
  if (into.length !== SERIES * ticks) throw new Error(`${into.length} samples came back`);
  const perSample = (total: number): number => total / samples;
  return {
    ...{ ticks, codec: name, bytesPerSample: perSample(bytes) },
    ...{ encodeNs: perSample(encodeNs), decodeNs: perSample(decodeNs) },
  };
}

console.log(`${SERIES} series, whole frames; least of many rounds`);
console.log('ticks  codec    B/sample  encode ns/sample  decode ns/sample');
for (const ticks of [1, 2, 5, 10, 20, 60]) {
  for (const [name, codec] of [
    ['none', CODEC_NONE],
    ['deflate', CODEC_DEFLATE],
    ['brotli', CODEC_BROTLI],
  ] as const) {
    const row = measure(ticks, codec, name);
    const cells = [
      String(row.ticks).padStart(5),
      row.codec.padEnd(7),
      row.bytesPerSample.toFixed(2).padStart(9),
      row.encodeNs.toFixed(0).padStart(17),
      row.decodeNs.toFixed(0).padStart(17),
    ];
    console.log(cells.join('  '));
  }
}
