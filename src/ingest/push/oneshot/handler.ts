import { ExpositionError } from '../../../formats/index.ts';
import { OUTCOME_COUNT, SampleOutcome } from '../../../storage/api.ts';
import { checkExposition, malformed } from '../checked-exposition.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { rawQuery } from '../http.ts';
import { Offences } from '../offences.ts';
import { REJECT_REASONS } from '../tally.ts';
import { ExpositionDecoder } from '../text/exposition-decoder.ts';
import type { OneShotJobs } from './one-shot-jobs.ts';
import { type OneShotParameters, parseOneShot } from './parameters.ts';

/** Where short jobs push to: `POST /tide/v1/oneshot?job=x&run_id=y&seq=0`. */
export const ONE_SHOT_PATH = '/tide/v1/oneshot';

/**
 * Takes what a short job pushes, once for each (job, run, number), however often it comes: that it
 * is stored is written in the same record as its samples.
 */
export async function handleOneShot(
  push: Push,
  context: PushContext,
  jobs: OneShotJobs,
): Promise<PushResult> {
  const parameters = parseOneShot(rawQuery(push.request));
  const bytes = await push.body(['identity', 'gzip', 'snappy']);
  const contentType = push.request.headers['content-type'];
  return jobs.inTurn(parameters.push, () =>
    store({ bytes, contentType, parameters }, context, jobs),
  );
}

interface Sent {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly parameters: OneShotParameters;
}

async function store(
  { bytes, contentType, parameters }: Sent,
  context: PushContext,
  jobs: OneShotJobs,
): Promise<PushResult> {
  const { push, labelPairs } = parameters;
  if (jobs.has(push)) return answerOf({ duplicate: true, stored: 0, rejected: 0 });
  const pause = (): Promise<void> => context.turns.yield();
  const maxTextBytes = context.options.max_body_bytes;
  const body = await checkExposition({ contentType, bytes, maxTextBytes, pause });
  const timestamp = context.clock.now();
  const appender = context.storage.appender();
  const offences = new Offences(timestamp);
  try {
    new ExpositionDecoder(body, { appender, labelPairs, timestamp }, offences).decode();
  } catch (error) {
    appender.rollback();
    throw error instanceof ExpositionError ? malformed(error, body.format) : error;
  }
  jobs.put(push, appender);
  const { counts } = await appender.commit();
  jobs.settle(push);
  for (let outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
    const reason = REJECT_REASONS[outcome];
    if (reason !== undefined) offences.add(reason, counts[outcome] ?? 0);
  }
  for (const [reason, samples] of offences.counts) {
    context.metrics.rejected('oneshot', reason, samples);
  }
  const stored = counts[SampleOutcome.STORED] ?? 0;
  return answerOf({ duplicate: false, stored, rejected: offences.total });
}

function answerOf(data: { duplicate: boolean; stored: number; rejected: number }): PushResult {
  const body = `${JSON.stringify({ status: 'success', data })}\n`;
  const headers = { 'content-type': 'application/json' };
  return {
    answer: { statusCode: 200, body, headers },
    samplesStored: data.stored,
    samplesRejected: data.rejected,
  };
}
