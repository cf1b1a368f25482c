import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpositionError, scanOpenMetrics, scanText } from '../../src/formats/index.ts';
import { DROPPED_REF, RangeKind } from '../../src/kernel/index.ts';
import { bodiesBelow, fillInput, GuardedBody, mutate } from '../support/kernel-guard.ts';
import { conformancePath, requires } from '../support/requirements.ts';

type Format = 'text' | 'openmetrics';

/** Samples in words, or that there was a fault. */
type Found = readonly string[] | 'fault';

function oracle(bytes: Uint8Array, format: Format): Found {
  const samples: string[] = [];
  const scan = format === 'text' ? scanText : scanOpenMetrics;
  try {
    scan(bytes, 0, bytes.length, {
      sample: (start, end, value, timestamp) => {
        samples.push(describeSample(text(bytes.subarray(start, end)), value, timestamp));
      },
      exemplar: ({ labelPairs, value, timestamp }) => {
        samples.push(`exemplar ${labelPairs.join()} ${value} ${timestamp}`);
      },
    });
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    return 'fault';
  }
  return samples;
}

function describeSample(name: string, value: number, timestamp: number): string {
  return `${name} ${Object.is(value, -0) ? '-0' : value} ${Object.is(timestamp, -0) ? '-0' : timestamp}`;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** A kernel, and what TypeScript does of a scan: see the kinds of ranges. */
class Scanner extends GuardedBody {
  readonly owners: Readonly<Record<Format, number>> = {
    text: this.kernel.openOwner({ context: 1, tracked: true }),
    openmetrics: this.kernel.openOwner({ context: 2, tracked: true }),
  };

  scan(bytes: Uint8Array, format: Format): Found {
    const { body } = this;
    fillInput(body, bytes);
    body.useInput();
    const status = body.scanText(this.owners[format], { format, defaultTimestamp: NaN });
    if (!status.ok) return 'fault';
    if (!this.#acceptComments(format)) return 'fault';
    this.#resolve();
    const exemplars = this.#readRanges(format);
    if (exemplars === 'fault') return 'fault';
    const { length, refs, timestamps, values } = body.columns();
    const samples: string[] = [];
    for (let sample = 0; sample < length; sample++) {
      const name = this.nameOf(refs[sample]!) ?? 'none';
      samples.push(describeSample(name, values[sample]!, timestamps[sample]!));
      const exemplar = exemplars.get(sample);
      if (exemplar !== undefined) samples.push(exemplar);
    }
    return samples;
  }

  #acceptComments(format: Format): boolean {
    const { body } = this;
    const comments = new Set<number>();
    for (let index = 0; index < body.rangeCount; index++) {
      const { kind, start, end, unknown } = body.range(index);
      if (kind !== RangeKind.COMMENT) continue;
      const line = text(body.bytes().subarray(start, end));
      const alone = format === 'text' ? `${line}\n` : `${line}\n# EOF\n`;
      if (oracle(Buffer.from(alone, 'latin1'), format) === 'fault') return false;
      comments.add(unknown);
    }
    for (const unknown of comments) body.resolve(unknown, DROPPED_REF);
    return true;
  }

  #resolve(): void {
    const { body } = this;
    for (let index = 0; index < body.unknownCount; index++) {
      const { start, end, sampleCount } = body.unknown(index);
      if (sampleCount === 0) continue;
      body.resolve(index, this.refOf(text(body.bytes().subarray(start, end))));
    }
  }

  #readRanges(format: Format): Map<number, string> | 'fault' {
    const { body } = this;
    const exemplars = new Map<number, string>();
    for (let index = 0; index < body.rangeCount; index++) {
      const { kind, start, end, sample } = body.range(index);
      const piece = text(body.bytes().subarray(start, end));
      if (kind === RangeKind.NUMBER) body.setValue(sample, Number(piece));
      if (kind === RangeKind.TIME) {
        // The plain implementation rounds: let it.
        const found = oracle(Buffer.from(`a 1 ${piece}\n# EOF\n`, 'latin1'), format);
        if (found === 'fault') return 'fault';
        body.setTime(sample, Number(found[0]?.split(' ')[2]));
      }
      if (kind === RangeKind.LINE_EXEMPLAR) {
        const found = oracle(Buffer.from(`${piece}\n# EOF\n`, 'latin1'), format);
        if (found === 'fault') return 'fault';
        exemplars.set(sample, found[1] ?? 'none');
      }
    }
    return exemplars;
  }
}

/** Twice, as the second scan finds its series in other ways. */
function check(scanner: Scanner, bytes: Uint8Array, format: Format): void {
  const want = oracle(bytes, format);
  for (let round = 0; round < 2; round++) expect(scanner.scan(bytes, format)).toEqual(want);
}

const FORMATS: readonly Format[] = ['text', 'openmetrics'];

const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 3,
  maxLength: 15,
});

/** Lines made of the pieces that lines are made of. */
const piece = fc.constantFrom(
  ...['a', 'ab', 'a:b_1', '{', '}', '{}', '{a="b"}', '{a="b",}', 'c="d"', '"', '"é"', '\\"', '\\n'],
  ...[
    '=',
    ',',
    ' ',
    ' ',
    ' ',
    '\t',
    '\n',
    '\n',
    '# ',
    '#',
    '# HELP a b',
    '# TYPE a counter',
    '# EOF',
  ],
  ...['1', '-0', '+1.5', '1e3', '1e-400', '.5', '5.', 'NaN', 'nan', '+Inf', '-infinity', '-NaN'],
  ...['0.1', '123456789012345678901234567890', '1.7976931348623157e308', '0.30000000000000004'],
  ...[
    '1520879607789',
    '1520879607.789',
    '-12',
    '9007199254740993',
    '1e',
    '0x1',
    '\u{1f600}',
    '\ud800',
  ],
);
const pieces = fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));
const lines = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'a{x="1"}', 'a{x="2",y="\\"é"}', '{"a.b"}', 'abc', 'a {x="1"}'),
      fc.constantFrom('1', '0.25', '1e9', 'NaN', '-Inf', '0.1234567890123456789', '17e22', 'x'),
      fc.constantFrom('', ' 1700000000', ' 1700000000.5', ' -3', ' 1.0000000000000000001'),
      fc.constantFrom(
        '\n',
        '\n',
        '\n',
        ' # {t="1"} 0.5\n',
        ' # {t="1"} 0.5 12.5\n',
        '\n# HELP a x\n',
      ),
    ),
    { maxLength: 12 },
  )
  .map((rows) => rows.map(([name, value, time, end]) => `${name} ${value}${time}${end}`).join(''));

describe('expositions in the kernel', () => {
  const scanner = new Scanner();

  test('lines of all kinds', () => {
    fc.assert(
      fc.property(lines, fc.constantFrom(...FORMATS), (body, format) => {
        const ending = format === 'openmetrics' ? '# EOF\n' : '';
        check(scanner, Buffer.from(body + ending), format);
      }),
      { numRuns: 1500 },
    );
    expect(scanner.canaries.areIntact).toBe(true);
  });

  test('pieces in any order, and bytes of any kind', () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom(...FORMATS), (body, format) => {
        check(scanner, body, format);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...FORMATS), (body, format) => {
        check(scanner, body, format);
      }),
      { numRuns: 1000 },
    );
    expect(scanner.canaries.areIntact).toBe(true);
  });

  test('numbers are the nearest doubles, or left to others', () => {
    const number = fc.oneof(
      fc.double().map(String),
      fc.float().map(String),
      fc
        .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.integer({ min: -90, max: 70 }))
        .map(([digits, exponent]) => `${digits}e${exponent}`),
      fc
        .tuple(fc.nat(), fc.bigInt({ min: 0n, max: 10n ** 20n }))
        .map(([whole, fraction]) => `-${whole % 1000}.${String(fraction).padStart(19, '0')}`),
      // Half way between two doubles, and next to it.
      fc
        .tuple(fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }), fc.integer({ min: -1, max: 1 }))
        .map(([bits, off]) => String((((bits | 1n) >> 10n) << 11n) + 1024n + BigInt(off))),
    );
    fc.assert(
      fc.property(fc.array(number, { minLength: 30, maxLength: 30 }), (numbers) => {
        check(scanner, Buffer.from(numbers.map((one) => `a ${one}\n`).join('')), 'text');
      }),
      { numRuns: 1000 },
    );
    // Those that programs expose are read here, nearly all of them.
    const usual = Array.from({ length: 2000 }, (_, index) => Math.sin(index) * 10 ** (index % 18));
    check(scanner, Buffer.from(usual.map((one) => `a ${one}\n`).join('')), 'text');
    expect(scanner.body.rangeCount).toBeLessThan(20);
  });

  test('a name that only begins like the one of last time', () => {
    const owner = 'text';
    for (const body of ['foo 1\n', 'foobar 1\n', 'foo{a="b"} 1\n', 'foo {a="b"} 2\n', 'foo\t3\n']) {
      for (const before of ['foo 1\n', 'foo{a="b"} 1\n']) {
        check(scanner, Buffer.from(before), owner);
        check(scanner, Buffer.from(body), owner);
      }
    }
  });

  test('the positional cache finds its way after lines that come and go', () => {
    const { body } = scanner;
    const names = Array.from({ length: 50 }, (_, index) => `metric_${index}{a="${index}"} 1\n`);
    check(scanner, Buffer.from(names.join('')), 'text');
    // Only now it is known what comes first.
    check(scanner, Buffer.from(names.join('')), 'text');
    expect(body.counts()).toMatchObject({ series: 50, predicted: 50, probed: 0 });
    names.splice(20, 1);
    expect(scanner.scan(Buffer.from(names.join('')), 'text')).toHaveLength(49);
    expect(body.counts()).toMatchObject({ series: 49, predicted: 48, probed: 1 });
    names.splice(30, 0, 'another 1\n');
    expect(scanner.scan(Buffer.from(names.join('')), 'text')).toHaveLength(50);
    expect(scanner.scan(Buffer.from(names.join('')), 'text')).toHaveLength(50);
    expect(body.counts()).toMatchObject({ series: 50, predicted: 50, probed: 0 });
  });

  for (const area of ['exposition-real', 'openmetrics-parser', 'exposition-samples']) {
    requires({ conformance: area }).describe(area, () => {
      const bodies = (): Buffer[] =>
        bodiesBelow(conformancePath(area), ['.txt', '/metrics', '.prom', '.om']);

      test('as they are', () => {
        expect(bodies().length).toBeGreaterThan(5);
        for (const body of bodies()) {
          for (const format of FORMATS) check(scanner, body, format);
        }
      }, 60_000);

      test('changed, and cut anywhere', () => {
        for (const body of bodies()) {
          const start = Math.floor(body.length / 3);
          const part = body.subarray(start, start + 2500);
          for (const format of FORMATS) {
            fc.assert(
              fc.property(choices, (some) => check(scanner, mutate(part, some), format)),
              { numRuns: 10 },
            );
          }
        }
        const [first] = bodies();
        const part = first!.subarray(0, 1500);
        for (let length = 0; length < part.length; length++) {
          check(scanner, part.subarray(0, length), 'text');
        }
        expect(scanner.canaries.areIntact).toBe(true);
      }, 60_000);
    });
  }
});
