import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeHistogram,
  decodeLabels,
  decodeMetadata,
  RemoteWriteError,
  walkWriteRequest,
} from '../../src/formats/index.ts';
import { fillInput, IngestKernel } from '../../src/ingest/kernel/index.ts';
import { Offences } from '../../src/ingest/push/offences.ts';
import { messageParts } from '../../src/ingest/push/remote-write/message-parts.ts';
import { WriteDecoder } from '../../src/ingest/push/remote-write/write-decoder.ts';
import { HIGH_WORD, LOW_WORD } from '../../src/model/index.ts';
import { NO_SERIES } from '../../src/storage/api.ts';
import { FakeClock } from '../../src/util/index.ts';
import { FakeStorage } from '../support/fake-storage.ts';
import { mutate } from '../support/kernel-guard.ts';
import { type WriteRow, writeMessage } from '../support/write-body.ts';

const START_MS = 1_700_000_000_000;

type Sample = readonly [ref: number, timestamp: number, lowWord: number, highWord: number];

/** What a message comes to. */
interface Taken {
  readonly samples: readonly Sample[];
  readonly received: number;
  /** Samples and histograms of series with invalid labels. */
  readonly invalid: number;
}

const storage = new FakeStorage();
const kernel = new IngestKernel({ identityBytes: 2 ** 24, clock: new FakeClock(START_MS) });
const owner = kernel.openOwner(kernel.newContext(), false);

/** By the walk in TypeScript; undefined where the message is malformed. */
function readPlainly(message: Uint8Array): Taken | undefined {
  const appender = storage.appender();
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const samples: Sample[] = [];
  let ref: number = NO_SERIES;
  let received = 0;
  let invalid = 0;
  try {
    walkWriteRequest(message, 0, message.length, {
      series(bytes, start, end) {
        const { labels, problem } = decodeLabels(bytes, start, end);
        const isSkipped =
          problem !== undefined && problem.kind !== 'unsorted' && problem.kind !== 'empty_value';
        ref = isSkipped ? NO_SERIES : appender.series(labels);
      },
      sample(valueOffset, timestamp) {
        received++;
        if (ref === NO_SERIES) invalid++;
        else if (valueOffset < 0) samples.push([ref, timestamp, 0, 0]);
        else {
          const low = view.getUint32(valueOffset, true);
          samples.push([ref, timestamp, low, view.getUint32(valueOffset + 4, true)]);
        }
      },
      histogram(start, end) {
        received++;
        if (ref === NO_SERIES) invalid++;
        else decodeHistogram(message, start, end);
      },
      exemplar() {},
      metadata(start, end) {
        decodeMetadata(message, start, end);
      },
    });
  } catch (error) {
    if (error instanceof RemoteWriteError) return undefined;
    throw error;
  }
  return { samples, received, invalid };
}

/** In parts of some `partBytes`. */
function readInKernel(message: Uint8Array, partBytes = Infinity): Taken | undefined {
  const appender = storage.appender();
  const offences = new Offences(START_MS);
  const decoder = new WriteDecoder({ appender, nowMs: START_MS }, offences);
  try {
    for (const part of messageParts(message, partBytes)) {
      const isRight = kernel.use((body) => {
        fillInput(body, part);
        body.useInput();
        if (!body.walkRemoteWrite(owner).ok) return false;
        decoder.decode(body);
        return true;
      });
      if (!isRight) return undefined;
    }
  } catch (error) {
    if (error instanceof RemoteWriteError) return undefined;
    throw error;
  }
  const { length, refs, timestamps, words } = appender.samples;
  const samples = Array.from({ length }, (_, index): Sample => {
    const low = words[2 * index + LOW_WORD]!;
    return [refs[index]!, timestamps[index]!, low, words[2 * index + HIGH_WORD]!];
  });
  const invalid = offences.counts.get('invalid_labels') ?? 0;
  return { samples, received: decoder.received, invalid };
}

const labels = fc.constantFrom<Record<string, string>>(
  { __name__: 'a' },
  { __name__: 'a', x: '1' },
  { __name__: 'b', long: 'v'.repeat(150) },
  { x: 'nameless' },
);
const value = fc.constantFrom<number | 'stale'>(0, -0, 1.5, Infinity, 'stale');
const row: fc.Arbitrary<WriteRow> = fc
  .tuple(labels, fc.array(value, { maxLength: 3 }))
  .map(([set, values]) => [
    set,
    ...values.map((one, index) => [START_MS + index, one] as [number, number | 'stale']),
  ]);
const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  maxLength: 9,
});

test('a message through the kernel and one read in TypeScript come to the same', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), choices, (rows, some) => {
      const message = mutate(writeMessage(rows), some);
      const want = readPlainly(message);
      // Twice: the second time, the names are known.
      expect(readInKernel(message)).toEqual(want);
      expect(readInKernel(message)).toEqual(want);
      // In parts: of one field each, and of some.
      expect(readInKernel(message, 1)).toEqual(want);
      expect(readInKernel(message, 60)).toEqual(want);
    }),
    { numRuns: 3000 },
  );
}, 60_000);

test('bytes of any kind', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (message) => {
      expect(readInKernel(message)).toEqual(readPlainly(message));
      expect(readInKernel(message, 1)).toEqual(readPlainly(message));
    }),
    { numRuns: 2000 },
  );
}, 60_000);
