import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeIdentityPairs,
  type ExpositionFamily,
  ExpositionError,
  type ExpositionVisitor,
  encodeOpenMetrics,
  encodeText,
  scanOpenMetrics,
  scanText,
  unescapeHelp,
  validateOpenMetrics,
  validateText,
} from '../../src/formats/exposition/index.ts';
import { METRIC_NAME } from '../../src/model/index.ts';
import { DecimalParser } from '../../src/util/index.ts';
import { conformancePath, requires } from '../support/requirements.ts';

type Read = (bytes: Uint8Array, start: number, end: number) => void;

const READERS: readonly Read[] = [
  (bytes, start, end) => scanText(bytes, start, end, checkingVisitor(bytes, start, end)),
  (bytes, start, end) => scanOpenMetrics(bytes, start, end, checkingVisitor(bytes, start, end)),
  validateText,
  validateOpenMetrics,
];

/** Checks what a visitor may rely on: ranges inside of the body, times that are integers. */
function checkingVisitor(bytes: Uint8Array, start: number, end: number): ExpositionVisitor {
  const inside = (from: number, to: number): void => {
    if (!(start <= from && from <= to && to <= end)) throw new Error(`range ${from} to ${to}`);
  };
  return {
    sample(from, to, _value, timestamp) {
      inside(from, to);
      if (!Number.isNaN(timestamp) && !Number.isInteger(timestamp)) {
        throw new Error(`timestamp ${timestamp}`);
      }
      decodeIdentityPairs(bytes, from, to, start);
    },
    type: inside,
    help(nameFrom, nameTo, from, to) {
      inside(nameFrom, nameTo);
      inside(from, to);
      unescapeHelp(bytes, from, to);
    },
    unit(nameFrom, nameTo, from, to) {
      inside(nameFrom, nameTo);
      inside(from, to);
    },
  };
}

/** Reads `body` amid other bytes with every reader: nothing but an ExpositionError may come out. */
function readAll(body: Uint8Array): void {
  const bytes = Buffer.concat([Buffer.from('# EOF\n{'), body, Buffer.from('"} 1\n# EOF\n')]);
  const start = 7;
  for (const read of READERS) {
    try {
      read(bytes, start, start + body.length);
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      expect(error.offset).toBeGreaterThanOrEqual(0);
      expect(error.offset).toBeLessThanOrEqual(body.length);
      expect(error.message.length).toBeLessThan(400);
    }
  }
}

/** Pieces of bodies, so that random bodies get past the first token. */
const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'a_total',
    '_bucket',
    '{',
    '}',
    '"',
    '=',
    ',',
    ' ',
    '\t',
    '\n',
    '\\',
    '\\n',
    '#',
    '# ',
    '# EOF',
    '# TYPE a counter\n',
    '# HELP a x\n',
    '# UNIT a_s s\n',
    '{le="+Inf"}',
    '{"b.c","d"="e"}',
    ' 1',
    ' # {x="y"} 2',
    'NaN',
    '-',
    '1.5e3',
    '\r\n',
    '\0',
  ),
  fc.string({ maxLength: 3 }),
);
const piecesBody = fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));

test('random bytes and random pieces give an ExpositionError at worst', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readAll), { numRuns: 2000 });
  fc.assert(fc.property(piecesBody, readAll), { numRuns: 4000 });
});

const digits = fc.stringMatching(/^[0-9]{0,25}$/);
const decimal = fc
  .tuple(
    fc.constantFrom('', '+', '-'),
    digits,
    fc.boolean(),
    digits,
    fc.option(fc.integer({ min: -400, max: 400 })),
  )
  .filter(([, whole, , fraction]) => whole !== '' || fraction !== '')
  .map(([sign, whole, dot, fraction, exponent]) => {
    const part = dot || whole === '' ? `.${fraction === '' && whole === '' ? '0' : fraction}` : '';
    return `${sign}${whole}${part}${exponent === null ? '' : `e${exponent}`}`;
  })
  .filter((text) => /\d/.test(text.replace(/e.*/, '')));

function checkNumber(text: string): void {
  const parser = new DecimalParser();
  const bytes = Buffer.from(`${text} `);
  expect(parser.parse(bytes, 0, bytes.length)).toBe(text.length);
  expect(Object.is(parser.value, Number(text)), `${text} gave ${parser.value}`).toBe(true);
}

test('numbers are what Number() makes of them', () => {
  fc.assert(fc.property(decimal, checkNumber), { numRuns: 5000 });
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      checkNumber(String(value));
      checkNumber(value.toExponential());
      checkNumber(value.toFixed(3));
    }),
    { numRuns: 2000 },
  );
});

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/),
  text.filter((value) => value !== ''),
);
const labelPairs = fc
  .uniqueArray(
    fc.tuple(
      name.filter((value) => value !== METRIC_NAME),
      text,
    ),
    {
      maxLength: 4,
      selector: ([key]) => key,
    },
  )
  .map((pairs) => pairs.flat());
const sample = fc.record({
  name,
  labelPairs,
  value: fc.double(),
  timestamp: fc.option(fc.integer({ min: -1e13, max: 1e13 }), { nil: undefined }),
});
const family = fc.record({
  name,
  type: fc.constantFrom('gauge' as const, 'unknown' as const, 'counter' as const),
  help: text,
  unit: fc.constant(''),
  samples: fc.array(sample, { maxLength: 4 }),
});

interface Read1 {
  readonly pairs: readonly string[];
  readonly value: number;
  readonly timestamp: number | undefined;
}

function readBack(
  body: string,
  format: 'text' | 'openmetrics',
): { samples: Read1[]; helps: string[] } {
  const bytes = Buffer.from(body);
  const samples: Read1[] = [];
  const helps: string[] = [];
  (format === 'text' ? scanText : scanOpenMetrics)(bytes, 0, bytes.length, {
    sample(start, end, value, timestamp) {
      const pairs = decodeIdentityPairs(bytes, start, end, 0);
      samples.push({ pairs, value, timestamp: Number.isNaN(timestamp) ? undefined : timestamp });
    },
    help: (_from, _to, start, end) => helps.push(unescapeHelp(bytes, start, end, format)),
  });
  return { samples, helps };
}

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.array(family, { maxLength: 4 }), (families: ExpositionFamily[]) => {
      const samples = families.flatMap((one) => one.samples);
      const wanted = samples.map((one) => ({
        pairs: [METRIC_NAME, one.name, ...one.labelPairs],
        value: one.value,
        timestamp: one.timestamp,
      }));
      const helps = families.map((one) => one.help).filter((help) => help !== '');
      const fromText = readBack(encodeText(families), 'text');
      expect(fromText.samples).toEqual(wanted);
      // Blanks around a help text are not part of it in text 0.0.4.
      expect(fromText.helps).toEqual(
        helps.map((help) => help.replace(/^[ \t]+/, '')).filter((help) => help !== ''),
      );
      const fromOpenMetrics = readBack(encodeOpenMetrics(families), 'openmetrics');
      expect(
        fromOpenMetrics.samples.map((one) => [one.pairs.slice(2), one.value, one.timestamp]),
      ).toEqual(wanted.map((one) => [one.pairs.slice(2), one.value, one.timestamp]));
      expect(fromOpenMetrics.helps).toEqual(helps);
    }),
    { numRuns: 500 },
  );
});

const folder = conformancePath('exposition-real');
const realBodies = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.txt'))
      .map((file) => readFileSync(join(folder, file)))
      .map((body) => (body[0] === 0x1f ? gunzipSync(body) : body))
  : [];

requires({ conformance: 'exposition-real' }).describe('real bodies', () => {
  test('mutated, they give an ExpositionError at worst', () => {
    const mutation = fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(mutation, { minLength: 1, maxLength: 5 }),
        (which, changes) => {
          const body = Buffer.from(realBodies[which % realBodies.length]!.subarray(0, 8192));
          for (const [offset, bytes] of changes)
            body.set(bytes.subarray(0, 1), offset % body.length);
          readAll(body);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('cut off anywhere, they give an ExpositionError at worst', () => {
    const shortest = realBodies.toSorted((a, b) => a.length - b.length).slice(0, 4);
    for (const body of shortest) {
      const piece = body.subarray(0, 1200);
      for (let end = 0; end <= piece.length; end++) readAll(piece.subarray(0, end));
    }
  });
});
