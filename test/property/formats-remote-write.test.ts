import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import {
  decodeExemplar,
  decodeHistogram,
  decodeLabels,
  decodeMetadata,
  encodeWriteRequest,
  RemoteWriteError,
  type RemoteWriteVisitor,
  walkWriteRequest,
} from '../../src/formats/remote-write/index.ts';
import { decompress, decompressedSize } from '../../src/formats/snappy/index.ts';
import { Labels, SampleColumns } from '../../src/model/index.ts';
import { ByteWriter } from '../../src/util/index.ts';
import { remoteWriteProtos } from '../support/remote-write-protos.ts';
import { conformancePath, requires } from '../support/requirements.ts';

/** Decodes everything that a walk finds. */
class Collector implements RemoteWriteVisitor {
  readonly found: unknown[] = [];
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  series(identity: Uint8Array, start: number, end: number): void {
    this.found.push(['series', decodeLabels(identity, start, end).labels.toObject()]);
  }

  sample(offset: number, timestamp: number): void {
    const bits = offset < 0 ? 0n : this.#bytes.readBigUInt64LE(offset);
    this.found.push(['sample', timestamp, bits.toString(16)]);
  }

  histogram(start: number, end: number): void {
    const { timestamp, histogram } = decodeHistogram(this.#bytes, start, end);
    const { count, sum, schema, positiveBuckets, negativeBuckets } = histogram;
    this.found.push(['histogram', timestamp, count, sum, schema, positiveBuckets, negativeBuckets]);
  }

  exemplar(start: number, end: number): void {
    const { labelPairs, value, timestamp } = decodeExemplar(this.#bytes, start, end).exemplar;
    this.found.push(['exemplar', labelPairs, value, timestamp ?? 0]);
  }

  metadata(start: number, end: number): void {
    const { familyName, metadata } = decodeMetadata(this.#bytes, start, end);
    this.found.push(['metadata', familyName, metadata.help, metadata.unit]);
  }
}

function collect(bytes: Buffer): unknown[] {
  const collector = new Collector(bytes);
  walkWriteRequest(bytes, 0, bytes.length, collector);
  return collector.found;
}

function tryCollect(bytes: Uint8Array): void {
  const whole = Buffer.concat([bytes, Buffer.alloc(16, 0xff)]);
  try {
    const collector = new Collector(whole);
    walkWriteRequest(whole, 0, bytes.length, collector);
  } catch (error) {
    if (!(error instanceof RemoteWriteError)) throw error;
    expect(error.offset).toBeLessThanOrEqual(bytes.length + 16);
  }
}

test('any bytes give a message or a RemoteWriteError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), tryCollect), { numRuns: 5000 });
  // Keys and small lengths, so that random messages nest.
  const likely = fc.constantFrom(
    0x0a,
    0x12,
    0x1a,
    0x22,
    0x09,
    0x10,
    0x08,
    0,
    1,
    2,
    3,
    4,
    5,
    8,
    20,
    0x80,
  );
  fc.assert(
    fc.property(fc.array(likely, { maxLength: 80 }), (bytes) => tryCollect(Uint8Array.from(bytes))),
    { numRuns: 5000 },
  );
});

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const labels = fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true });
const time = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: 0, max: 4_000_000_000_000 }));
const samples = fc.array(fc.tuple(time, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), {
  minLength: 1,
  maxLength: 4,
});

function columnsOf(list: readonly (readonly [number, bigint])[]): SampleColumns {
  const columns = new SampleColumns();
  const bits = new BigUint64Array(1);
  const words = new Uint32Array(bits.buffer);
  for (const [timestamp, value] of list) {
    bits[0] = value;
    columns.append(Float64Array.of(timestamp), words, 0, 1);
  }
  return columns;
}

test('what is encoded is walked again, every bit of the values', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, samples), { maxLength: 4 }), (list) => {
      const writer = new ByteWriter(1);
      encodeWriteRequest(
        writer,
        list.map(([object, columns]) => ({
          labels: Labels.fromObject(object),
          samples: columnsOf(columns),
        })),
      );
      const wanted = list.flatMap(([object, columns]) => [
        ['series', object],
        ...columns.map(([timestamp, bits]) => ['sample', timestamp, bits.toString(16)]),
      ]);
      expect(collect(Buffer.from(writer.written()))).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});

requires({ conformance: 'protos' }).describe('against protobufjs', () => {
  const { writeRequest } = protosIfThere();
  const finite = fc.double({ noNaN: true });
  const protoLabels = labels.map((object) =>
    Object.entries(object).map(([name, value]) => ({ name, value })),
  );
  const counts = fc.array(fc.nat({ max: 1000 }), { maxLength: 5 });
  const request = fc.record({
    timeseries: fc.array(
      fc.record({
        labels: protoLabels,
        samples: fc.array(fc.record({ value: finite, timestamp: time }), { maxLength: 3 }),
        exemplars: fc.array(fc.record({ labels: protoLabels, value: finite, timestamp: time }), {
          maxLength: 2,
        }),
        histograms: fc.array(
          fc.record({
            count_float: finite,
            sum: finite,
            schema: fc.integer({ min: -60, max: 60 }),
            positive_counts: counts,
            negative_counts: counts,
            positive_spans: fc.array(
              fc.record({ offset: fc.integer({ min: -9, max: 9 }), length: fc.nat({ max: 9 }) }),
              { maxLength: 3 },
            ),
            timestamp: time,
          }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 3 },
    ),
    metadata: fc.array(fc.record({ metric_family_name: text, help: text, unit: text }), {
      maxLength: 2,
    }),
  });

  test('what it encodes is walked', () => {
    fc.assert(
      fc.property(request, (message) => {
        const bytes = Buffer.from(writeRequest.encode(writeRequest.fromObject(message)).finish());
        expect(collect(bytes)).toEqual(foundIn(message));
      }),
      { numRuns: 500 },
    );
  });

  function foundIn(message: RequestOf<typeof request>): unknown[] {
    const pairsOf = (list: readonly { name: string; value: string }[]): string[] =>
      list.flatMap(({ name, value }) => [name, value]);
    return [
      ...message.timeseries.flatMap((series) => [
        ['series', Object.fromEntries(series.labels.map(({ name, value }) => [name, value]))],
        ...series.samples.map(({ value, timestamp }) => ['sample', timestamp, bitsOf(value)]),
        ...series.exemplars.map((one) => [
          'exemplar',
          pairsOf(one.labels),
          one.value,
          one.timestamp,
        ]),
        ...series.histograms.map((one) => [
          'histogram',
          one.timestamp,
          one.count_float,
          one.sum,
          one.schema,
          one.positive_counts,
          one.negative_counts,
        ]),
      ]),
      ...message.metadata.map((one) => ['metadata', one.metric_family_name, one.help, one.unit]),
    ];
  }
});

type RequestOf<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

function bitsOf(value: number): string {
  return new BigUint64Array(Float64Array.of(value).buffer)[0]!.toString(16);
}

/** Tests are not run, but collected, where the definitions are absent. */
function protosIfThere(): { readonly writeRequest: protobuf.Type } {
  return existsSync(conformancePath('protos'))
    ? remoteWriteProtos()
    : { writeRequest: undefined as never };
}

const senderFolder = join(conformancePath('remote-write'), 'v1-prometheus-sender');

requires({ conformance: 'remote-write' }).describe('bodies of a real sender', () => {
  const bodies = existsSync(senderFolder)
    ? readdirSync(senderFolder)
        .filter((file) => file.endsWith('.bin'))
        .map((file) => readFileSync(join(senderFolder, file)))
        .map((block) => {
          const body = Buffer.alloc(decompressedSize(block, 0, block.length, 10_000_000));
          decompress(block, 0, block.length, body);
          return body;
        })
    : [];

  test('mutated, they give a message or a RemoteWriteError', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 5 }),
        (which, changes) => {
          const body = Buffer.from(bodies[which % bodies.length]!.subarray(0, 6000));
          for (const [offset, byte] of changes) body[offset % body.length] = byte;
          tryCollect(body);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('cut off anywhere, they give a message or a RemoteWriteError', () => {
    for (const body of bodies) {
      const piece = body.subarray(0, 600);
      for (let end = 0; end <= piece.length; end++) tryCollect(piece.subarray(0, end));
    }
  });
});
