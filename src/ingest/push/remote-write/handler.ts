import {
  RemoteWriteError,
  type RemoteWriteVisitor,
  walkWriteRequest,
} from '../../../formats/index.ts';
import { type KernelBody, KernelMemoryError, type OwnerId } from '../../../kernel/index.ts';
import {
  type CommitResult,
  OUTCOME_COUNT,
  type SampleBatch,
  SampleOutcome,
} from '../../../storage/api.ts';
import { fillInput, type IngestKernel, messageBytes } from '../../kernel/index.ts';
import { decompressApart } from '../content-encoding.ts';
import { PushRefusedError } from '../errors.ts';
import type { Push, PushContext, PushResult } from '../exchange.ts';
import { type Answer, parseContentType } from '../http.ts';
import { Offences } from '../offences.ts';
import { REJECT_REASONS, refsOfUnknown } from '../tally.ts';
import { messageParts } from './message-parts.ts';
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
  sender: WriteSender,
): Promise<PushResult> {
  checkContentType(push.request.headers['content-type']);
  // Some clients send no Content-Encoding; the protocol knows no other than snappy.
  const bytes = await push.snappyBody();
  let written = await write(bytes, context, { ...sender, source: push.source });
  let stored = written.result.counts[SampleOutcome.STORED] ?? 0;
  if ((written.result.counts[SampleOutcome.UNKNOWN_SERIES] ?? 0) > 0) {
    // Series that the store has dropped since their names were learnt. Everything is written again,
    // these by their labels; what the first commit stored is a duplicate now, and does nothing.
    sender.kernel.forgetRefs(unknownRefs(written));
    written.samples.release();
    written = await write(bytes, context, { ...sender, source: push.source });
    stored += written.result.counts[SampleOutcome.STORED] ?? 0;
  }
  const { result, decoder, offences, samples } = written;
  samples.release();
  for (let outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
    const reason = REJECT_REASONS[outcome];
    if (reason !== undefined) offences.add(reason, result.counts[outcome] ?? 0);
  }
  const rejected = offences.total;
  if (rejected === 0) return { answer: ACCEPTED, samplesStored: stored, samplesRejected: 0 };
  for (const [reason, samples] of offences.counts) {
    context.metrics.rejected('remote-write', reason, samples);
  }
  const message = decompressApart(bytes, context.options.max_body_bytes);
  nameOffenders(message, decoder, result, offences);
  const answer = { statusCode: 400, body: offences.describe(decoder.received) };
  return { answer, samplesStored: stored, samplesRejected: rejected };
}

const ACCEPTED: Answer = { statusCode: 204 };

/** Who sends, to the kernel: all senders of remote write are one, as labels are taken as sent. */
export interface WriteSender {
  readonly kernel: IngestKernel;
  readonly owner: OwnerId;
}

interface Written {
  readonly result: CommitResult;
  readonly decoder: WriteDecoder;
  readonly offences: Offences;
  readonly samples: SampleBatch;
}

async function write(
  bytes: Uint8Array,
  context: PushContext,
  sender: WriteSender & Pick<Push, 'source'>,
): Promise<Written> {
  const appender = context.storage.appender({ source: sender.source });
  const { samples } = appender;
  const nowMs = context.clock.now();
  const offences = new Offences(nowMs);
  const decoder = new WriteDecoder({ appender, nowMs }, offences);
  try {
    const large = sender.kernel.use((body) => {
      decompress(body, bytes, context.options.max_body_bytes);
      if (body.message().length > LARGE_BYTES) return messageBytes(body).slice();
      walk(body, sender.owner);
      decoder.decode(body);
      return undefined;
    });
    if (large !== undefined) await decodeInParts(large, context, sender, decoder);
  } catch (error) {
    appender.rollback();
    if (!(error instanceof RemoteWriteError)) throw error;
    throw new PushRefusedError(400, 'malformed', `${error.message}; nothing is stored`, error);
  }
  return { result: await appender.commit(), decoder, offences, samples };
}

/**
 * A message that is larger is decoded in parts, between which the event loop gets its turn: to know
 * a part of new series takes some milliseconds.
 */
const LARGE_BYTES = 2 * 1024 * 1024;
const PART_BYTES = 512 * 1024;

/** @throws PushRefusedError, RemoteWriteError where it is malformed, KernelMemoryError */
async function decodeInParts(
  message: Uint8Array,
  { turns }: PushContext,
  { kernel, owner }: WriteSender,
  decoder: WriteDecoder,
): Promise<void> {
  for (const part of messageParts(message, PART_BYTES)) {
    await turns.yield();
    kernel.use((body) => {
      fillInput(body, part);
      body.useInput();
      walk(body, owner, message);
      decoder.decode(body);
    });
  }
}

/** @throws PushRefusedError, KernelMemoryError */
function decompress(body: KernelBody, bytes: Uint8Array, limitBytes: number): void {
  fillInput(body, bytes);
  const status = body.decompress(limitBytes);
  if (status.ok) return;
  // What is wrong is said by those that say it for everybody.
  if (status.code !== 'no_memory') decompressApart(bytes, limitBytes);
  throw new KernelMemoryError(`a push of ${bytes.length} bytes`, body.bytes().length);
}

/**
 * Walks what is in a body: `whole`, or a part of that.
 * @throws RemoteWriteError where it is malformed, KernelMemoryError
 */
function walk(body: KernelBody, owner: OwnerId, whole?: Uint8Array): void {
  const status = body.walkRemoteWrite(owner);
  if (status.ok) return;
  const message = whole ?? messageBytes(body);
  if (status.code === 'no_memory') {
    throw new KernelMemoryError(`a push of ${message.length} bytes`, body.bytes().length);
  }
  walkWriteRequest(message, 0, message.length, IGNORING);
  throw new RemoteWriteError(status.offset, 'malformed message');
}

const IGNORING: RemoteWriteVisitor = {
  series() {},
  sample() {},
  histogram() {},
  exemplar() {},
  metadata() {},
};

/** Refs that the store does not know any more. */
function unknownRefs({ result, samples, decoder }: Written): Uint32Array {
  return Uint32Array.from([
    ...refsOfUnknown(result.outcomes, samples.refs),
    ...refsOfUnknown(result.histogramOutcomes, decoder.histogramRefs),
  ]);
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
