import { ExpositionError, type NativeExpositionVisitor } from '../../../formats/index.ts';
import { type CommitResult, OUTCOME_COUNT, SampleOutcome } from '../../../storage/api.ts';
import { checkExposition, malformed } from '../checked-exposition.ts';
import type { ExpositionBody } from '../exposition-body.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { rawQuery } from '../http.ts';
import { Offences } from '../offences.ts';
import { REJECT_REASONS } from '../tally.ts';
import { ExpositionDecoder, type ExpositionTarget } from './exposition-decoder.ts';
import { type PushParameters, parsePushParameters } from './label-parameters.ts';
import type { TextCaches } from './text-caches.ts';

/** Where expositions are pushed to: `POST` or `PUT /api/v1/push?job=x&instance=y`. */
export const TEXT_PUSH_PATH = '/api/v1/push';

/** Says in the answer how many samples were stored; duplicates are not. */
const STORED_HEADER = 'x-tidegauge-samples-stored';

/**
 * Takes an exposition as it would be scraped. A malformed body is refused whole; samples that the
 * store refuses (out of order, conflicting) are left out, the answer is 400 and names the first.
 */
export async function handleTextPush(
  push: Push,
  context: PushContext,
  caches: TextCaches,
): Promise<PushResult> {
  const parameters = parsePushParameters(rawQuery(push.request));
  const bytes = await push.body(['identity', 'gzip', 'snappy']);
  const contentType = push.request.headers['content-type'];
  const maxTextBytes = context.options.max_body_bytes;
  const body = checkExposition({ contentType, bytes, maxTextBytes });
  const cache = caches.for(parameters.labelPairs);
  const timestamp = parameters.timestamp ?? context.clock.now();
  const write = (renewCache: boolean) =>
    writeBody(body, context, { ...parameters, cache, renewCache, timestamp });
  let written = await write(false);
  let stored = written.result.counts[SampleOutcome.STORED] ?? 0;
  if ((written.result.counts[SampleOutcome.UNKNOWN_SERIES] ?? 0) > 0) {
    // As in remote write: the store dropped series that the cache still knew.
    written = await write(true);
    stored += written.result.counts[SampleOutcome.STORED] ?? 0;
  }
  caches.trim();
  return answerTo(written, { body, stored, timestamp }, context);
}

interface Written {
  readonly result: CommitResult;
  readonly decoder: ExpositionDecoder;
  readonly offences: Offences;
}

async function writeBody(
  body: ExpositionBody,
  context: PushContext,
  target: Omit<ExpositionTarget, 'appender'> & PushParameters,
): Promise<Written> {
  const appender = context.storage.appender();
  const offences = new Offences(context.clock.now());
  const timestamp = target.timestamp ?? context.clock.now();
  const whole = { ...target, timestamp, appender };
  const decoder = new ExpositionDecoder(body, whole, offences);
  try {
    decoder.decode();
  } catch (error) {
    appender.rollback();
    throw error instanceof ExpositionError ? malformed(error, body.format) : error;
  }
  return { result: await appender.commit(), decoder, offences };
}

interface Answered {
  readonly body: ExpositionBody;
  readonly stored: number;
  readonly timestamp: number;
}

function answerTo(written: Written, answered: Answered, context: PushContext): PushResult {
  const { result, decoder, offences } = written;
  for (let outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
    const reason = REJECT_REASONS[outcome];
    if (reason !== undefined) offences.add(reason, result.counts[outcome] ?? 0);
  }
  const headers = { [STORED_HEADER]: String(answered.stored) };
  const rejected = offences.total;
  const counts = { samplesStored: answered.stored, samplesRejected: rejected };
  if (rejected === 0) return { answer: { statusCode: 204, headers }, ...counts };
  for (const [reason, samples] of offences.counts) {
    context.metrics.rejected('text', reason, samples);
  }
  answered.body.scan(offenderFinder(written, answered));
  const text = offences.describe(decoder.received);
  return { answer: { statusCode: 400, body: text, headers }, ...counts };
}

/** Names the samples that were refused, on a second scan: the first keeps nothing per sample. */
function offenderFinder(written: Written, answered: Answered): NativeExpositionVisitor {
  const { result, decoder, offences } = written;
  let number = 0;
  let samples = 0;
  let histograms = 0;
  const note = (
    start: number,
    end: number,
    timestamp: number,
    nextOutcome: () => number | undefined,
  ): void => {
    const skipped = decoder.skipped.has(number++);
    const outcome = skipped ? undefined : nextOutcome();
    const reason = skipped ? 'series_limit' : REJECT_REASONS[outcome ?? SampleOutcome.STORED];
    if (reason === undefined || !offences.wantsNames) return;
    const series = Buffer.from(answered.body.bytes.subarray(start, end)).toString();
    const time = Number.isNaN(timestamp) ? answered.timestamp : timestamp;
    offences.name({ series, timestamp: time, reason });
  };
  return {
    sample: (start, end, _value, timestamp) =>
      note(start, end, timestamp, () => result.outcomes?.[samples++]),
    nativeHistogram: (start, end, _histogram, timestamp) =>
      note(start, end, timestamp, () => result.histogramOutcomes?.[histograms++]),
  };
}
