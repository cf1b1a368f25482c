import {
  decodeReadRequest,
  decompress,
  decompressedSize,
  ReadResponseType,
  type ReadRequest,
  RemoteReadError,
  SnappyError,
} from '../../formats/index.ts';
import { BadRegexError, createMatcher } from '../../model/index.ts';
import { QueryFailedError, type QueryPool } from '../../query/index.ts';
import type { Answer } from '../answer.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError, BodyTooLargeError } from '../errors.ts';
import { Gate } from '../gate.ts';
import { PartStream } from '../part-stream.ts';
import { readBody } from '../read-body.ts';
import { plainFailure } from '../respond.ts';
import type { ApiRequest, Route } from '../route.ts';
import { askWorkers } from '../run-query.ts';
import type { ReadInput } from '../tasks/read-series.ts';

const SAMPLES_TYPE = 'application/x-protobuf';
const CHUNKS_TYPE = 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse';

/** Raw samples for other servers. */
export const readRoutes: readonly Route[] = [
  {
    path: '/api/v1/read',
    methods: ['POST'],
    tag: 'transfer',
    summary: 'Remote read: raw samples of selected series',
    description:
      'The body is a `prometheus.ReadRequest`, compressed with snappy (block format). The answer ' +
      'is what the first response type asks for that is known: `SAMPLES`, one compressed ' +
      'message, or `STREAMED_XOR_CHUNKS`, a stream of frames.',
    params: [],
    takes: [SAMPLES_TYPE],
    answer: {
      kind: 'body',
      types: [SAMPLES_TYPE, 'application/x-streamed-protobuf'],
      text: 'A `prometheus.ReadResponse`, or frames of `prometheus.ChunkedReadResponse`.',
    },
    failures: {
      400: 'The body is no such request, or the answer would have too many samples.',
      413: 'The body is too large.',
    },
    handle: remoteRead,
  },
];

/** One gate for each server: reads of all clients share it. */
const gates = new WeakMap<QueryPool, Gate>();

function gateOf({ queries, options }: ApiDependencies): Gate {
  const gate = gates.get(queries) ?? new Gate(options.remote_read_max_concurrent);
  gates.set(queries, gate);
  return gate;
}

async function remoteRead(request: ApiRequest): Promise<Answer> {
  let leave: (() => void) | undefined;
  try {
    const read = await readRequest(request);
    const type = responseType(read);
    leave = await gateOf(request.deps).enter(request.signal);
    const input = inputOf(read, request.deps);
    if (type === ReadResponseType.SAMPLES) return await answerSamples(request, input);
    const answer = await answerChunks(request, input, leave);
    // The stream gives the place back at its end.
    leave = undefined;
    return answer;
  } catch (error) {
    return failed(error);
  } finally {
    leave?.();
  }
}

async function readRequest({ body, deps }: ApiRequest): Promise<ReadRequest> {
  const maxBytes = deps.options.max_form_bytes;
  const packed = await readBody(body, maxBytes);
  const bytes = new Uint8Array(decompressedSize(packed, 0, packed.length, maxBytes));
  decompress(packed, 0, packed.length, bytes);
  const read = decodeReadRequest(bytes);
  // A wrong expression is told before any worker is asked.
  for (const { matchers } of read.queries) {
    for (const { type, name, value } of matchers) createMatcher(type, name, value);
  }
  return read;
}

function responseType({ acceptedTypes }: ReadRequest): number {
  const known: readonly number[] = Object.values(ReadResponseType);
  const type = acceptedTypes.find((one) => known.includes(one));
  if (type !== undefined) return type;
  if (acceptedTypes.length === 0) return ReadResponseType.SAMPLES;
  const wanted = Object.keys(ReadResponseType).join(', ');
  throw new ApiError(
    'bad_data',
    `none of the response types ${acceptedTypes.join(', ')} is known here, only ${wanted}`,
  );
}

function inputOf({ queries }: ReadRequest, { options, control }: ApiDependencies): ReadInput {
  return {
    queries,
    externalLabels: control.externalLabels().pairs,
    maxSamples: options.remote_read_max_samples,
    maxFrameBytes: options.remote_read_max_frame_bytes,
  };
}

async function answerSamples(request: ApiRequest, input: ReadInput): Promise<Answer> {
  const { data } = await askWorkers(request, { kind: 'task', task: 'read_samples', input });
  const headers = { 'Content-Type': SAMPLES_TYPE, 'Content-Encoding': 'snappy' };
  return { status: 200, headers, body: data };
}

async function answerChunks(
  { deps, signal }: ApiRequest,
  input: ReadInput,
  leave: () => void,
): Promise<Answer> {
  const abort = new AbortController();
  const stream = new PartStream(() => abort.abort());
  const cancel = AbortSignal.any([signal, abort.signal]);
  void askWorkers({ deps, signal: cancel }, { kind: 'task', task: 'read_chunks', input }, (part) =>
    stream.write(part),
  )
    .then(
      ({ data }) => stream.end(data),
      (error: unknown) => stream.fail(error),
    )
    .finally(leave);
  await stream.begun;
  return { status: 200, headers: { 'Content-Type': CHUNKS_TYPE }, body: stream };
}

function failed(error: unknown): Answer {
  if (error instanceof BodyTooLargeError) return plainFailure(error.message, 413);
  if (error instanceof SnappyError) {
    const isTooLarge = error.code === 'snappy_too_large';
    return plainFailure(error.message, isTooLarge ? 413 : 400);
  }
  if (error instanceof RemoteReadError || error instanceof BadRegexError) {
    return plainFailure(error.message, 400);
  }
  if (error instanceof ApiError) {
    const { cause } = error;
    const isOverLimit = cause instanceof QueryFailedError && cause.failure === 'select_limit';
    return plainFailure(error.message, isOverLimit ? 400 : error.status);
  }
  throw error;
}
