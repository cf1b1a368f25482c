import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Load } from '../../bench/load/load.ts';
import { WriteRequests } from '../../bench/load/write-requests.ts';
import {
  compress,
  compressedSizeMax,
  decompress,
  decompressedSize,
  RemoteWriteError,
  SnappyError,
  walkWriteRequest,
} from '../../src/formats/index.ts';
import type { BodyStatus } from '../../src/kernel/index.ts';
import { DROPPED_REF, RangeKind } from '../../src/kernel/index.ts';
import { bodiesBelow, fillInput, GuardedBody, mutate } from '../support/kernel-guard.ts';
import { conformancePath, requires } from '../support/requirements.ts';

const LIMIT_BYTES = 4 * 2 ** 20;

/** What a walk finds, in words: samples by the bytes that name their series, then byte ranges. */
interface Found {
  readonly samples: string[];
  readonly ranges: string[];
  /** Offset of the fault, or undefined. */
  readonly fault: number | undefined;
}

/** The plain implementation. */
function oracle(message: Uint8Array): Found {
  const samples: string[] = [];
  const ranges: string[] = [];
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let name = '';
  const range =
    (kind: RangeKind) =>
    (start: number, end: number): void => {
      ranges.push(`${kind} ${start} ${end} ${kind === RangeKind.METADATA ? '' : name}`);
    };
  try {
    walkWriteRequest(message, 0, message.length, {
      series: (bytes, start, end) => {
        name = hex(bytes.subarray(start, end));
      },
      sample: (valueOffset, timestamp) => {
        const bits = valueOffset < 0 ? 0n : view.getBigUint64(valueOffset, true);
        samples.push(`${name} ${timestamp} ${bits.toString(16)}`);
      },
      histogram: range(RangeKind.HISTOGRAM),
      exemplar: range(RangeKind.EXEMPLAR),
      metadata: range(RangeKind.METADATA),
    });
  } catch (error) {
    if (!(error instanceof RemoteWriteError)) throw error;
    return { samples, ranges, fault: error.offset };
  }
  return { samples, ranges, fault: undefined };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What the kernel makes of a message. */
class Walker extends GuardedBody {
  readonly owner = this.kernel.openOwner({ context: 7, tracked: false });

  walk(message: Uint8Array): { status: BodyStatus; found: Found } {
    const { body } = this;
    fillInput(body, message);
    body.useInput();
    const status = body.walkRemoteWrite(this.owner);
    const fault = status.ok ? undefined : status.offset;
    const found: Found = { samples: [], ranges: [], fault };
    if (!status.ok) return { status, found };
    for (let index = 0; index < body.unknownCount; index++) {
      const { start, end } = body.unknown(index);
      body.resolve(index, this.refOf(hex(body.bytes().subarray(start, end))));
    }
    const { length, refs, timestamps, words } = body.columns();
    for (let sample = 0; sample < length; sample++) {
      const bits = (BigInt(words[2 * sample + 1]!) << 32n) | BigInt(words[2 * sample]!);
      const name = this.nameOf(refs[sample]!) ?? 'none';
      found.samples.push(`${name} ${timestamps[sample]!} ${bits.toString(16)}`);
    }
    this.#addRanges(found);
    return { status, found };
  }

  #addRanges(found: Found): void {
    const { body } = this;
    const origin = body.input(1).byteOffset;
    for (let index = 0; index < body.rangeCount; index++) {
      const { kind, start, end, ref, unknown } = body.range(index);
      let name = this.nameOf(ref) ?? '';
      if (unknown >= 0) {
        const identity = body.unknown(unknown);
        name = hex(body.bytes().subarray(identity.start, identity.end));
      }
      found.ranges.push(`${kind} ${start - origin} ${end - origin} ${name}`);
    }
  }
}

/** Twice, as the second walk finds its series in other ways. */
function check(walker: Walker, message: Uint8Array): void {
  const want = oracle(message);
  for (let round = 0; round < 2; round++) {
    const { found } = walker.walk(message);
    expect(found.fault).toBe(want.fault);
    if (want.fault !== undefined) break;
    expect(found.samples).toEqual(want.samples);
    expect(found.ranges).toEqual(want.ranges);
  }
}

function loadMessages(): Uint8Array[] {
  const load = new Load(60);
  const requests = new WriteRequests(load, 20);
  const messages: Uint8Array[] = [];
  for (let tick = 0; tick < 2; tick++) {
    load.tick();
    for (const body of requests.bodies(1_700_000_000_000 + tick * 15_000)) {
      const message = new Uint8Array(decompressedSize(body, 0, body.length, LIMIT_BYTES));
      decompress(body, 0, body.length, message);
      messages.push(message);
    }
  }
  return messages;
}

const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 3,
  maxLength: 15,
});

describe('remote write in the kernel', () => {
  const walker = new Walker();
  const messages = loadMessages();

  test('a generated load, in any order of bodies', () => {
    for (const message of [...messages, ...messages.toReversed()]) check(walker, message);
    const { series, predicted } = walker.body.counts();
    // The first one followed another body before.
    expect([series, predicted]).toEqual([20, 19]);
    expect(walker.canaries.areIntact).toBe(true);
  });

  test('bytes of any kind', () => {
    const field = fc.constantFrom(0x0a, 0x12, 0x1a, 0x22, 0x09, 0x10, 0x00, 0x01, 0x05, 0x80, 0xff);
    const bytes = fc
      .uint8Array({ maxLength: 80 })
      .chain((any) =>
        fc
          .array(fc.oneof(field, fc.integer({ min: 0, max: 40 })), { maxLength: 60 })
          .map((list) => Uint8Array.from([...list, ...any])),
      );
    fc.assert(
      fc.property(bytes, (message) => check(walker, message)),
      { numRuns: 3000 },
    );
    expect(walker.canaries.areIntact).toBe(true);
  });

  test('a body cut anywhere', () => {
    const message = messages[0]!.subarray(0, 1200);
    for (let length = 0; length <= message.length; length++) {
      check(walker, message.slice(0, length));
    }
    expect(walker.canaries.areIntact).toBe(true);
  });

  test('changed bodies', () => {
    fc.assert(
      fc.property(fc.nat(messages.length - 1), choices, (index, some) => {
        check(walker, mutate(messages[index]!, some));
      }),
      { numRuns: 600 },
    );
    expect(walker.canaries.areIntact).toBe(true);
  });

  test('series that are dropped, refused, or gone', () => {
    const { kernel, body } = walker;
    const owner = kernel.openOwner({ context: 9, tracked: true });
    const message = messages[0]!;
    const total = oracle(message).samples.length;
    fillInput(body, message);
    body.useInput();
    const start = (): number => {
      expect(body.walkRemoteWrite(owner).ok).toBe(true);
      return body.unknownCount;
    };
    expect(start()).toBe(total);
    // A third dropped for ever, a third refused this time, a third made.
    const made: number[] = [];
    for (let index = 0; index < total; index++) {
      if (index % 3 === 2) {
        made.push(50_000 + index);
        kernel.createSeries(50_000 + index);
      }
      body.resolve(index, [DROPPED_REF, 0, 50_000 + index][index % 3]!);
    }
    expect(body.seal()).toBe(made.length);
    expect([...body.columns().refs]).toEqual(made);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    expect([...kernel.knownSeries(owner)]).toEqual(made);
    const refused = Math.ceil((total - 1) / 3);
    expect(start()).toBe(refused);
    expect(body.counts().dropped).toBe(Math.ceil(total / 3));
    kernel.removeSeries(made[0]!);
    expect(start()).toBe(refused + 1);
    // What is not in a body is missing, once, unless it is gone for good.
    fillInput(body, new Uint8Array());
    body.useInput();
    expect(start()).toBe(0);
    expect([...kernel.takeMissing(owner)]).toEqual(made.slice(1));
    expect(start()).toBe(0);
    expect([...kernel.takeMissing(owner)]).toEqual([]);
    kernel.closeOwner(owner);
  });

  requires({ conformance: 'remote-write' }).describe('shared bodies', () => {
    test('as they are, and changed', () => {
      const bodies = bodiesBelow(conformancePath('remote-write'), ['.bin']);
      expect(bodies.length).toBeGreaterThan(5);
      for (const bytes of bodies) {
        let message: Uint8Array;
        try {
          message = new Uint8Array(decompressedSize(bytes, 0, bytes.length, LIMIT_BYTES));
          decompress(bytes, 0, bytes.length, message);
        } catch {
          message = bytes;
        }
        check(walker, message);
        fc.assert(
          fc.property(choices, (some) => check(walker, mutate(message, some))),
          { numRuns: 20 },
        );
      }
      expect(walker.canaries.areIntact).toBe(true);
    });
  });
});

describe('snappy in the kernel', () => {
  const walker = new Walker();
  const { body, canaries } = walker;

  function checkSnappy(bytes: Uint8Array, limitBytes = 100_000): void {
    let want: Uint8Array | SnappyError;
    try {
      want = new Uint8Array(decompressedSize(bytes, 0, bytes.length, limitBytes));
      decompress(bytes, 0, bytes.length, want);
    } catch (error) {
      if (!(error instanceof SnappyError)) throw error;
      want = error;
    }
    fillInput(body, bytes);
    const status = body.decompress(limitBytes);
    if (want instanceof SnappyError) {
      const code = want.code === 'snappy_too_large' ? 'too_large' : 'malformed';
      expect(status).toMatchObject({ ok: false, code });
      return;
    }
    expect(status).toEqual({ ok: true });
    const { start, length } = body.message();
    expect(Buffer.compare(body.bytes().subarray(start, start + length), want)).toBe(0);
  }

  test('what is compressed comes back', () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
        .map(([part, count]) => Buffer.from(part.repeat(count))),
      fc
        .array(fc.constantFrom('abcd', 'abcdefghij', 'x', 'label="value"'), { maxLength: 900 })
        .map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(text, (bytes) => {
        const packed = new Uint8Array(compressedSizeMax(bytes.length));
        checkSnappy(packed.slice(0, compress(bytes, 0, bytes.length, packed)));
      }),
      { numRuns: 600 },
    );
  });

  test('bytes of any kind, and changed and cut blocks', () => {
    const [message] = loadMessages();
    const packed = new Uint8Array(compressedSizeMax(message!.length));
    const block = packed.slice(0, compress(message!, 0, message!.length, packed));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => checkSnappy(bytes)),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(choices, (some) => checkSnappy(mutate(block, some))),
      { numRuns: 600 },
    );
    for (let length = 0; length <= block.length; length++) checkSnappy(block.slice(0, length));
    // Elements of every kind with a header that promises little.
    const element = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 5 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 90 }),
        fc.array(element, { maxLength: 12 }),
        (size, list) =>
          checkSnappy(Uint8Array.from([size, ...list.flatMap(([tag, rest]) => [tag, ...rest])])),
      ),
      { numRuns: 3000 },
    );
    expect(canaries.areIntact).toBe(true);
  });
});
