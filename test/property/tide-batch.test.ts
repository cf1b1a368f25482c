import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BATCH_TICKS_MAX,
  BatchColumns,
  BatchDecoder,
  BatchEncoder,
  type BatchHead,
  CODEC_BROTLI,
  CODEC_DEFLATE,
  CODEC_NONE,
  type CoverageEntry,
  type PayloadCodec,
  SERIES_ID_MAX,
  TideFormatError,
} from '../../src/formats/tide/index.ts';
import { HIGH_WORD, LOW_WORD } from '../../src/model/index.ts';

const encoder = new BatchEncoder();
const decoder = new BatchDecoder();

const EMPTY: BatchHead = { schemaVersion: 1, policyVersion: 1, coverage: [] };

/** A value as its bits. */
type Bits = bigint;

const view = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): Bits {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

const STALE = 0x7ff0000000000002n;

const special = fc.constantFrom<Bits>(
  ...[STALE, 0x7ff8000000000001n, 0xfff8000000000123n, 0x7ff0000000000001n],
  ...[0, -0, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, -(2 ** 50)].map(
    bitsOf,
  ),
  ...[2 ** 50, 2 ** 50 + 1, 1e15, 0.1, -0.3, 1 / 3, 123456.789, 4096, -1024, 1e21].map(bitsOf),
);
const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const value = fc.oneof(
  special,
  anyBits,
  fc.double().map(bitsOf),
  fc.integer().map(bitsOf),
  fc.maxSafeInteger().map(bitsOf),
  fc.integer({ min: -1e9, max: 1e9 }).map((whole) => bitsOf(whole / 1000)),
);

/** The values of one series at `length` ticks, undefined where it has none. */
function column(length: number): fc.Arbitrary<(Bits | undefined)[]> {
  const full = fc.oneof(
    fc.array(value, { minLength: length, maxLength: length }),
    fc
      .tuple(fc.nat(1e9), fc.array(fc.nat(1000), { minLength: length, maxLength: length }))
      .map(([start, steps]) =>
        steps.map((step, index) => bitsOf((start + step + 1000 * index) / 100)),
      ),
    value.map((one) => Array.from({ length }, () => one)),
    fc
      .array(fc.integer({ min: -50, max: 50 }), { minLength: length, maxLength: length })
      .map((wholes) => wholes.map((whole) => bitsOf(4096 * whole))),
  );
  const mask = fc.oneof(
    fc.constant(Array.from({ length }, () => true)),
    fc.array(fc.boolean(), { minLength: length, maxLength: length }),
    fc.nat(Math.max(0, length - 1)).map((only) => Array.from({ length }, (_, at) => at === only)),
  );
  return fc
    .tuple(full, mask)
    .map(([values, kept]) => values.map((one, at) => (kept[at] === true ? one : undefined)));
}

interface Rows {
  readonly times: readonly number[];
  readonly series: readonly (readonly [number, readonly (Bits | undefined)[]])[];
}

const rows: fc.Arbitrary<Rows> = fc
  .tuple(
    fc.uniqueArray(
      fc.oneof(
        fc.nat(50),
        fc.integer({ min: -(2 ** 51), max: 2 ** 51 }).map((time) => time),
      ),
      { minLength: 1, maxLength: 12 },
    ),
    fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(SERIES_ID_MAX)), { maxLength: 30 }),
  )
  .chain(([times, ids]) =>
    fc.tuple(...ids.map(() => column(times.length))).map((columns) => ({
      times: times.sort((a, b) => a - b),
      series: ids.sort((a, b) => a - b).map((id, index) => [id, columns[index] ?? []] as const),
    })),
  );

function columnsOf({ times, series }: Rows): BatchColumns {
  const columns = new BatchColumns(1);
  // Tick by tick, as an agent has them.
  for (const [at, time] of times.entries()) {
    for (const [id, values] of series) {
      const bits = values[at];
      if (bits === undefined) continue;
      columns.push(id, time, Number(bits & 0xffffffffn), Number(bits >> 32n));
    }
  }
  columns.sortBySeries();
  return columns;
}

function listOf(columns: BatchColumns): string[] {
  return Array.from({ length: columns.length }, (_, at) => {
    const high = columns.words[2 * at + HIGH_WORD]!.toString(16);
    const low = columns.words[2 * at + LOW_WORD]!.toString(16);
    return `${columns.seriesIds[at]} ${columns.timestamps[at]} ${high}:${low}`;
  });
}

function wanted({ times, series }: Rows): string[] {
  return series.flatMap(([id, values]) =>
    values.flatMap((bits, at) =>
      bits === undefined
        ? []
        : [`${id} ${times[at]} ${(bits >> 32n).toString(16)}:${(bits & 0xffffffffn).toString(16)}`],
    ),
  );
}

function decode(payload: Uint8Array, codec: PayloadCodec): { head: BatchHead; list: string[] } {
  const into = new BatchColumns(1);
  const head = decoder.decode(payload, codec, into);
  return { head, list: listOf(into) };
}

function tryDecode(payload: Uint8Array, codec: PayloadCodec): void {
  const into = new BatchColumns(16);
  into.pushValue(1, 2, 3);
  try {
    decoder.decode(payload, codec, into);
  } catch (error) {
    if (!(error instanceof TideFormatError)) throw error;
    expect(into.length).toBe(1);
  }
  expect(listOf(into)[0]).toBe('1 2 40080000:0');
}

describe('batches', () => {
  test('come back bit for bit, packed by any codec', () => {
    fc.assert(
      fc.property(
        rows,
        fc.constantFrom(CODEC_NONE, CODEC_DEFLATE, CODEC_BROTLI),
        (given, codec) => {
          const packed = encoder.encode(EMPTY, columnsOf(given), codec);
          const { head, list } = decode(packed.payload, packed.codec);
          expect(head).toEqual(EMPTY);
          expect(list).toEqual(wanted(given));
        },
      ),
      { numRuns: 1500 },
    );
  });

  test('sorting keeps the times of a series in order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(3), fc.nat(SERIES_ID_MAX))), (ids) => {
        const columns = new BatchColumns(1);
        for (const [at, id] of ids.entries()) columns.pushValue(id, at, at);
        columns.sortBySeries();
        const sorted = ids.map((id, at) => [id, at] as const).sort(([a], [b]) => a - b);
        expect([...columns.seriesIds.subarray(0, columns.length)]).toEqual(
          sorted.map(([id]) => id),
        );
        expect([...columns.timestamps.subarray(0, columns.length)]).toEqual(
          sorted.map(([, at]) => at),
        );
        expect([...columns.values.subarray(0, columns.length)]).toEqual(sorted.map(([, at]) => at));
      }),
    );
  });

  test('no cut is read', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const columns = columnsOf(given);
        const body = encoder.encode(EMPTY, columns, CODEC_NONE).payload;
        for (let end = 0; end < body.length; end++) {
          expect(() => decode(body.subarray(0, end), CODEC_NONE)).toThrow(TideFormatError);
        }
        const packed = encoder.encode(EMPTY, columns);
        for (let end = 0; packed.codec !== CODEC_NONE && end < packed.payload.length; end++) {
          tryDecode(packed.payload.subarray(0, end), packed.codec);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('changed and random bytes give samples or a TideFormatError', () => {
    fc.assert(
      fc.property(
        rows,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(CODEC_NONE, CODEC_DEFLATE, CODEC_BROTLI),
        (given, changes, codec) => {
          const packed = encoder.encode(EMPTY, columnsOf(given), codec);
          const payload = packed.payload.slice();
          for (const [at, byte] of changes) payload[at % payload.length] = byte;
          tryDecode(payload, packed.codec);
        },
      ),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom<PayloadCodec>(0, 1, 2),
        tryDecode,
      ),
      { numRuns: 3000 },
    );
  });

  test('every bit flipped of one batch', () => {
    const columns = new BatchColumns();
    for (let id = 0; id < 12; id++) {
      for (let tick = 0; tick < 5; tick++) {
        if ((id + tick) % 4 === 0) continue;
        columns.pushValue(id * id, tick, id % 3 === 0 ? Math.sqrt(id + tick) : id * tick);
      }
    }
    const body = encoder.encode(EMPTY, columns, CODEC_NONE).payload;
    for (let bit = 0; bit < 8 * body.length; bit++) {
      const changed = body.slice();
      changed[bit >>> 3] = changed[bit >>> 3]! ^ (1 << (bit & 7));
      tryDecode(changed, CODEC_NONE);
    }
  });
});

describe('limits', () => {
  test('more ticks than allowed, and payloads beyond a frame, are too large', () => {
    const columns = new BatchColumns();
    for (let tick = 0; tick <= BATCH_TICKS_MAX; tick++) columns.pushValue(1, tick, 0);
    const code = expect.objectContaining({ code: 'tide_too_large' }) as Error;
    expect(() => encoder.encode(EMPTY, columns)).toThrow(code);
    columns.reset();
    for (let id = 0; id < 20_000; id++) columns.pushValue(id, 1, Math.sin(id));
    expect(() => encoder.encode(EMPTY, columns)).toThrow(code);
  });

  test('a few bytes cannot ask for more samples than a batch may have', () => {
    const columns = new BatchColumns();
    for (let id = 0; id < 128; id++) {
      for (let tick = 0; tick < BATCH_TICKS_MAX; tick++) columns.pushValue(id, tick, 5);
    }
    const { payload, codec } = encoder.encode(EMPTY, columns);
    expect(payload.length).toBeLessThan(1500);
    expect(decode(payload, codec).list).toHaveLength(131_072);
    columns.pushValue(128, 0, 5);
    expect(() => encoder.encode(EMPTY, columns)).toThrow('131073 samples');
    // 1024 times, 200 ids in a run, a run of 200 series that have all of them.
    const times = [0x80, 0x08, 0, ...Array.from({ length: 1023 }, () => 0)];
    const bomb = [1, 1, 0, ...times, 0x91, 0x03, 0, 0xc7, 0x01, 0x9c, 0x06, 0, 0, 0, 0];
    expect(() => decode(Uint8Array.from(bomb), CODEC_NONE)).toThrow('204800 samples, wanted at');
  });

  test('a deflate bomb is not blown up', () => {
    const columns = new BatchColumns();
    for (let id = 0; id < 1000; id++) columns.pushValue(id, 1, 5);
    const { payload, codec } = encoder.encode(EMPTY, columns);
    // The length it says: less than there is, then more than any body may have.
    const shorter = Uint8Array.from([0x10, ...payload.subarray(2)]);
    expect(() => decode(shorter, codec)).toThrow(TideFormatError);
    const longer = Uint8Array.from([0xff, 0xff, 0xff, 0x7f, ...payload.subarray(2)]);
    expect(() => decode(longer, codec)).toThrow(TideFormatError);
  });
});

describe('coverage', () => {
  const status = fc.constantFrom('FULL', 'ON_CHANGE', 'PARTIAL', 'SKIPPED' as const);
  const entry: fc.Arbitrary<CoverageEntry> = fc
    .tuple(
      status,
      fc.nat(1000),
      fc.maxSafeNat(),
      fc.nat(99),
      fc.array(fc.nat(99), { maxLength: 3 }),
    )
    .map(([status, group, tick, ticks, [part = 0, shed = 0, failed = 0]]) => {
      const tickFrom = Math.floor(tick / 2);
      const seriesCount = 200;
      const shedCount = status === 'FULL' ? 0 : shed;
      const skipped = seriesCount * (ticks + 1) - shedCount;
      const failedCount = status === 'SKIPPED' ? skipped : status === 'FULL' ? 0 : failed;
      const toleranceId = status === 'ON_CHANGE' ? part + 1 : 0;
      const rest = seriesCount * (ticks + 1) - shedCount - failedCount;
      // Nothing present, so that the batch needs no samples: all the rest is suppressed.
      const suppressedCount = status === 'ON_CHANGE' ? rest : 0;
      return {
        ...{ group, tickFrom, tickTo: tickFrom + ticks, status, toleranceId, part },
        ...{
          reason: status === 'SKIPPED' ? ('OVERRUN' as const) : ('NONE' as const),
          parts: part + 1,
          seriesCount,
        },
        ...{ presentCount: rest - suppressedCount, suppressedCount, shedCount, failedCount },
      };
    })
    .filter(({ presentCount }) => presentCount === 0);

  test('comes back', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (coverage) => {
        const head = { schemaVersion: 2 ** 53 - 1, policyVersion: 0, coverage };
        const { payload, codec } = encoder.encode(head, new BatchColumns());
        expect(decode(payload, codec).head).toEqual(head);
      }),
    );
  });

  const base: CoverageEntry = {
    ...{ group: 1, tickFrom: 5, tickTo: 6, status: 'PARTIAL', toleranceId: 0, reason: 'NONE' },
    ...{ part: 0, parts: 1, seriesCount: 2, presentCount: 3 },
    ...{ suppressedCount: 0, shedCount: 0, failedCount: 1 },
  };

  test('that does not add up is refused when sealing', () => {
    const columns = new BatchColumns();
    for (const [id, time] of [
      [1, 1],
      [1, 2],
      [2, 1],
    ] as const)
      columns.pushValue(id, time, 1);
    const check = (change: Partial<CoverageEntry>, problem: string | undefined): void => {
      const head = { ...EMPTY, coverage: [{ ...base, ...change }] };
      const sealing = () => encoder.encode(head, columns);
      if (problem === undefined) expect(sealing).not.toThrow();
      else expect(sealing).toThrow(problem);
    };
    check({}, undefined);
    check({ failedCount: 2 }, '5 samples accounted for');
    check({ failedCount: 0 }, '3 samples accounted for');
    check({ status: 'FULL' }, 'status FULL with 3 of 4');
    check({ suppressedCount: 1, failedCount: 0 }, '1 suppressed in status PARTIAL');
    check({ status: 'SKIPPED' }, 'status SKIPPED with 3 present');
    check({ tickTo: 4 }, '0 ticks');
    check({ part: 1 }, 'part 1 of 1');
  });

  test('that claims more than is there is refused when read', () => {
    const columns = new BatchColumns();
    columns.pushValue(1, 1, 1);
    const packed = encoder.encode({ ...EMPTY, coverage: [base] }, columns);
    expect(() => decode(packed.payload, packed.codec)).toThrow(
      expect.objectContaining({ code: 'tide_coverage' }) as Error,
    );
  });
});
