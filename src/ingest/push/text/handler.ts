import { ExpositionError, type NativeExpositionVisitor } from '../../../formats/index.ts';
import {
  type Appender,
  type CommitResult,
  OUTCOME_COUNT,
  type SampleBatch,
  SampleOutcome,
} from '../../../storage/api.ts';
import { checkExposition, malformed } from '../checked-exposition.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { type ExpositionBody, finish } from '../exposition-body.ts';
import { rawQuery } from '../http.ts';
import { Offences } from '../offences.ts';
import { REJECT_REASONS, refsOfUnknown } from '../tally.ts';
import { ExpositionDecoder } from './exposition-decoder.ts';
import type { DecodedExposition, ExpositionTarget } from './exposition-target.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import { parsePushParameters } from './label-parameters.ts';
import type { TextSenders } from './text-senders.ts';

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
  senders: TextSenders,
): Promise<PushResult> {
  const parameters = parsePushParameters(rawQuery(push.request));
  const bytes = await push.body(['identity', 'gzip', 'snappy']);
  const contentType = push.request.headers['content-type'];
  const maxTextBytes = context.options.max_body_bytes;
  const pause = (): Promise<void> => context.turns.yield();
  const body = await checkExposition({ contentType, bytes, maxTextBytes, pause });
  const { labelPairs } = parameters;
  const timestamp = parameters.timestamp ?? context.clock.now();
  const { source } = push;
  let written = await writeBody(body, context, senders, { labelPairs, timestamp, source });
  let stored = written.result.counts[SampleOutcome.STORED] ?? 0;
  if ((written.result.counts[SampleOutcome.UNKNOWN_SERIES] ?? 0) > 0) {
    // As in remote write: the store dropped series whose names were known.
    senders.kernel.forgetRefs(
      Uint32Array.from(refsOfUnknown(written.result.outcomes, written.samples.refs)),
    );
    written = await writeBody(body, context, senders, { labelPairs, timestamp, source });
    stored += written.result.counts[SampleOutcome.STORED] ?? 0;
  }
  return answerTo(written, { body, stored, timestamp }, context);
}

interface Written {
  readonly result: CommitResult;
  readonly decoder: DecodedExposition;
  readonly offences: Offences;
  readonly samples: SampleBatch;
}

/** What the samples of a body are given, and whose they are. */
type WrittenHow = Omit<ExpositionTarget, 'appender'> & Pick<Push, 'source'>;

async function writeBody(
  body: ExpositionBody,
  context: PushContext,
  senders: TextSenders,
  how: WrittenHow,
): Promise<Written> {
  const offences = new Offences(context.clock.now());
  if (body.isText) {
    const appender = context.storage.appender({ source: how.source });
    const decoder = new KernelDecoder(body, { ...how, appender }, offences);
    const decode = (): Promise<boolean> =>
      decoder.decode(
        senders.kernel,
        () => senders.ownerFor(how.labelPairs),
        () => context.turns.yield(),
      );
    if (await orRollback(appender, decode)) {
      const { samples } = appender;
      return { result: await appender.commit(), decoder, offences, samples };
    }
    appender.rollback();
  }
  return writePlainly(body, context, how);
}

async function writePlainly(
  body: ExpositionBody,
  context: PushContext,
  how: WrittenHow,
): Promise<Written> {
  const appender = context.storage.appender({ source: how.source });
  const offences = new Offences(context.clock.now());
  const decoder = new ExpositionDecoder(body, { ...how, appender }, offences);
  try {
    await orRollback(appender, async () => decoder.decode());
  } catch (error) {
    throw error instanceof ExpositionError ? malformed(error, body.format) : error;
  }
  const { samples } = appender;
  return { result: await appender.commit(), decoder, offences, samples };
}

async function orRollback<T>(appender: Appender, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    appender.rollback();
    throw error;
  }
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
  finish(answered.body.scan(offenderFinder(written, answered)));
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
