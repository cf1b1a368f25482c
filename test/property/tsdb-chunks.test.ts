import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EncodedChunk, TimedHistogram } from '../../src/formats/tsdb/index.ts';
import {
  CHUNK_SAMPLES_MAX,
  ChunkEncoding,
  decodeChunk,
  decodeHistogramChunk,
  encodeSeriesChunks,
  TsdbError,
} from '../../src/formats/tsdb/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { floatColumns, histogramSeries, meaningOf } from '../support/series-arbitraries.ts';

const SOURCE = { file: 'chunk' };

/** Time and bits of each sample. */
function bits({ length, timestamps, words }: SampleColumns): string[] {
  return Array.from(
    { length },
    (_, at) => `${timestamps[at]} ${words[2 * at]} ${words[2 * at + 1]}`,
  );
}

function decodeAll(chunks: readonly EncodedChunk[]): {
  floats: SampleColumns;
  histograms: TimedHistogram[];
} {
  const floats = new SampleColumns(1);
  const histograms: TimedHistogram[] = [];
  for (const { encoding, data } of chunks) {
    // In the middle of other bytes, as in a file.
    const bytes = Buffer.concat([Buffer.of(0xff), data, Buffer.of(0xff)]);
    const chunk = { encoding, bytes, start: 1, end: 1 + data.length };
    histograms.push(...decodeChunk(chunk, SOURCE, floats));
  }
  return { floats, histograms };
}

function checkOrder(chunks: readonly EncodedChunk[]): void {
  let last = -Infinity;
  for (const { minTime, maxTime, sampleCount } of chunks) {
    expect(minTime).toBeGreaterThan(last);
    expect(maxTime).toBeGreaterThanOrEqual(minTime);
    expect(sampleCount).toBeLessThanOrEqual(CHUNK_SAMPLES_MAX);
    last = maxTime;
  }
}

test('floats come back bit for bit', () => {
  fc.assert(
    fc.property(floatColumns(), (columns) => {
      const chunks = [...encodeSeriesChunks(columns, [])];
      expect(bits(decodeAll(chunks).floats)).toEqual(bits(columns));
      expect(chunks.length).toBe(Math.ceil(columns.length / CHUNK_SAMPLES_MAX));
      checkOrder(chunks);
    }),
    { numRuns: 300 },
  );
});

test('histograms come back, and what is said of resets is true', () => {
  fc.assert(
    fc.property(histogramSeries, (samples) => {
      const chunks = [...encodeSeriesChunks(new SampleColumns(1), samples)];
      const { histograms } = decodeAll(chunks);
      expect(histograms.map(meaningOf)).toEqual(samples.map(meaningOf));
      checkOrder(chunks);
      for (const [at, { histogram }] of histograms.entries()) {
        const wanted = samples[at]?.histogram;
        if (wanted === undefined || histogram === undefined) continue;
        if (wanted.counterReset === 'gauge' || wanted.counterReset === 'reset') {
          expect(histogram.counterReset).toBe(wanted.counterReset);
        } else if (histogram.counterReset === 'not_reset') {
          expect(histogram.count).toBeGreaterThanOrEqual(histograms[at - 1]?.histogram?.count ?? 0);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('floats and histograms of one series come in the order of time', () => {
  fc.assert(
    fc.property(floatColumns(60), histogramSeries, (floats, histograms) => {
      const times = new Set(bits(floats).map((text) => Number(text.split(' ')[0])));
      const others = histograms.filter(({ timestamp }) => !times.has(timestamp));
      const chunks = [...encodeSeriesChunks(floats, others)];
      const decoded = decodeAll(chunks);
      expect(bits(decoded.floats)).toEqual(bits(floats));
      expect(decoded.histograms.map(meaningOf)).toEqual(others.map(meaningOf));
      checkOrder(chunks);
    }),
    { numRuns: 150 },
  );
});

test('any change to a chunk is refused or read, and nothing else happens', () => {
  const edit = fc.record({
    at: fc.nat(),
    byte: fc.nat({ max: 255 }),
    cut: fc.option(fc.nat(), { nil: undefined }),
  });
  let read = 0;
  let refused = 0;
  fc.assert(
    fc.property(floatColumns(130), histogramSeries, fc.array(edit, { minLength: 1 }), (...all) => {
      const [floats, histograms, edits] = all;
      for (const chunk of [
        ...encodeSeriesChunks(floats, []),
        ...encodeSeriesChunks(new SampleColumns(1), histograms),
      ]) {
        let bytes = chunk.data.slice();
        for (const { at, byte, cut } of edits) {
          bytes[at % bytes.length] = byte;
          if (cut !== undefined) bytes = bytes.slice(0, 1 + (cut % bytes.length));
        }
        const into = new SampleColumns(1);
        into.push(1, 1);
        for (const encoding of [1, 2, 3]) {
          into.length = 1;
          try {
            decodeChunk({ encoding, bytes, start: 0, end: bytes.length }, SOURCE, into);
            read++;
          } catch (error) {
            if (!(error instanceof TsdbError)) throw error;
            expect(error.offset).toBeLessThanOrEqual(bytes.length);
            expect(into.length).toBe(1);
            refused++;
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(read).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});

test('the header says what is known of a reset before the chunk', () => {
  fc.assert(
    fc.property(histogramSeries, (samples) => {
      for (const { encoding, data } of encodeSeriesChunks(new SampleColumns(1), samples)) {
        const isFloat = encoding === ChunkEncoding.FLOAT_HISTOGRAM;
        const chunk = decodeHistogramChunk(data, 0, data.length, SOURCE, isFloat);
        const first = chunk.samples[0]?.histogram;
        if (first === undefined) continue;
        const hint = chunk.counterReset === 'not_reset' ? 'unknown' : chunk.counterReset;
        expect(first.counterReset).toBe(hint);
      }
    }),
    { numRuns: 50 },
  );
});
