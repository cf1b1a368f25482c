import { RemoteWriteError } from '../../../formats/index.ts';
import { type CommitResult, OUTCOME_COUNT, SampleOutcome } from '../../../storage/api.ts';
import type { IdentityCache } from '../../identity/index.ts';
import { PushRefusedError } from '../errors.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { parseContentType } from '../http.ts';
import { Offences } from '../offences.ts';
import { REJECT_REASONS } from '../tally.ts';
import { nameOffenders } from './offender-finder.ts';
import { WriteDecoder } from './write-decoder.ts';

/** Where senders write to, as in Prometheus. */
export const REMOTE_WRITE_PATH = '/api/v1/write';

const MESSAGE_TYPE = 'application/x-protobuf';
const MESSAGE_NAME = 'prometheus.WriteRequest';

/**
 * Takes one remote write 1.0 request. What can be stored is; if anything was refused the answer is
 * 400, which tells the sender not to come again, and names the first offenders. Exact duplicates
 * are success, because senders repeat themselves.
 */
export async function handleRemoteWrite(
  push: Push,
  context: PushContext,
  cache: IdentityCache,
): Promise<PushResult> {
  checkContentType(push.request.headers['content-type']);
  // Some clients send no Content-Encoding; the protocol knows no other than snappy.
  const bytes = await push.body(['snappy']);
  const first = await write(bytes, context, { cache, renewCache: false });
  let { result, decoder, offences } = first;
  let stored = result.counts[SampleOutcome.STORED] ?? 0;
  if ((result.counts[SampleOutcome.UNKNOWN_SERIES] ?? 0) > 0) {
    // Cached refs of series that the store has dropped since. Everything is written again by its
    // labels; what the first commit stored is a duplicate now, and does nothing.
    ({ result, decoder, offences } = await write(bytes, context, {
      cache,
      renewCache: true,
    }));
    stored += result.counts[SampleOutcome.STORED] ?? 0;
  }
  for (let outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
    const reason = REJECT_REASONS[outcome];
    if (reason !== undefined) offences.add(reason, result.counts[outcome] ?? 0);
  }
  const rejected = offences.total;
  if (rejected === 0) {
    return { answer: { statusCode: 204 }, samplesStored: stored, samplesRejected: 0 };
  }
  for (const [reason, samples] of offences.counts) {
    context.metrics.rejected('remote-write', reason, samples);
  }
  nameOffenders(bytes, decoder, result, offences);
  const answer = { statusCode: 400, body: offences.describe(decoder.received) };
  return { answer, samplesStored: stored, samplesRejected: rejected };
}

interface Written {
  readonly result: CommitResult;
  readonly decoder: WriteDecoder;
  readonly offences: Offences;
}

async function write(
  bytes: Uint8Array,
  context: PushContext,
  identities: { readonly cache: IdentityCache; readonly renewCache: boolean },
): Promise<Written> {
  const appender = context.storage.appender();
  const nowMs = context.clock.now();
  const offences = new Offences(nowMs);
  const target = { ...identities, appender, nowMs };
  const decoder = new WriteDecoder(bytes, target, offences);
  try {
    decoder.decode();
  } catch (error) {
    appender.rollback();
    if (!(error instanceof RemoteWriteError)) throw error;
    throw new PushRefusedError(400, 'malformed', `${error.message}; nothing is stored`, error);
  }
  return { result: await appender.commit(), decoder, offences };
}

/** @throws PushRefusedError (415) unless the type is that of a 1.0 message, or missing. */
function checkContentType(header: string | undefined): void {
  const parsed = parseContentType(header);
  if (parsed === undefined) return;
  const proto = parsed.parameters.get('proto');
  if (parsed.type === MESSAGE_TYPE && (proto === undefined || proto === MESSAGE_NAME)) return;
  throw new PushRefusedError(
    415,
    'content_type',
    `content type ${JSON.stringify(header)} is not taken here: send ${MESSAGE_TYPE}, ` +
      `alone or with ;proto=${MESSAGE_NAME} (remote write 1.0)`,
  );
}
