import type { LeaseReport, ReadKind } from '../../formats/tide/index.ts';
import type {
  AgentEntry,
  LeaseWish,
  ReadQuestion,
  ReadResult,
  ReadSeries,
  SessionServer,
} from '../../ingest/index.ts';
import { AgentRequestError, policyStateOf } from '../../ingest/index.ts';
import { formatFloat } from '../../model/index.ts';
import { histogramJson } from '../../query/index.ts';
import type { Answer } from '../answer.ts';
import { agentList, leaseAnswer, readAnswer } from '../contract/agents.ts';
import { ApiError, type ApiErrorType, badParameter } from '../errors.ts';
import type { Params } from '../params.ts';
import { success } from '../respond.ts';
import type { ApiRequest, ParamSpec, Route, RouteSpec } from '../route.ts';
import { operatorsOf } from './identity.ts';
import { isoTime, problemJson } from './problem-json.ts';

const KINDS: ReadonlyMap<string, ReadKind> = new Map([
  ['instant', 'INSTANT'],
  ['range', 'RANGE'],
  ['function', 'FUNCTION'],
  ['exposition', 'EXPOSITION'],
]);
const DEFAULT_TIMEOUT_MS = 5_000;
const TIMEOUT_MS_MAX = 60_000;
const DEFAULT_BUDGET_BYTES = 4 * 1024 * 1024;
const BUDGET_BYTES_MAX = 64 * 1024 * 1024;
/** What a target is asked for. */
const TEXT_FORMATS =
  'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const DEFAULT_TTL_MS = 60_000;
const DEFAULT_SAMPLES_PER_SECOND = 1_000;

const ID: ParamSpec = {
  name: 'id',
  in: 'path',
  type: 'string',
  required: true,
  text: 'Id of the agent.',
};
const param = (name: string, type: ParamSpec['type'], text: string): ParamSpec => ({
  name,
  in: 'query',
  type,
  text,
});

const FAILURES: RouteSpec['failures'] = {
  400: 'A parameter is wrong.',
  401: 'An operator token is configured, and none or a wrong one was sent.',
  404: 'No such agent is known.',
  503: 'The agent has no session, is busy, or did not answer in time.',
};

const READ_PARAMS: readonly ParamSpec[] = [
  ID,
  {
    ...param('kind', 'string', 'What to read; `instant` where it is missing.'),
    choices: [...KINDS.keys()],
  },
  {
    ...param(
      'selector',
      'string',
      'A selector of series; for `function` its name, for `exposition` the name of a target. The ' +
        'agent answers what its own list allows.',
    ),
    required: true,
  },
  param('start', 'time', 'First time of a range.'),
  param('end', 'time', 'Last time of a range; now where it is missing.'),
  param('resolution', 'duration', 'At most one sample for each; all where it is missing.'),
  param('budget_bytes', 'integer', 'Most that the agent may send; 4 MiB where it is missing.'),
  param('timeout', 'duration', 'How long the agent may take; 5 s where it is missing.'),
];

const LEASE_PARAMS: readonly ParamSpec[] = [
  ID,
  { ...param('selector', 'string', 'Series that are sampled faster.'), required: true },
  { ...param('interval', 'duration', 'Time between samples.'), required: true },
  param('ttl', 'duration', 'When it ends by itself; 1 m where it is missing; 0 ends it now.'),
  param('max_samples_per_second', 'integer', 'The agent sends no more; 1000 where it is missing.'),
  param('lease_id', 'integer', 'Of a lease to be renewed or ended.'),
];

/** Agents, and what can be asked of them over their own connections. */
export const agentRoutes: readonly Route[] = [
  {
    path: '/api/v1/agents',
    methods: ['GET'],
    tag: 'agents',
    summary: 'List the agents that are known',
    params: [],
    answer: { kind: 'json', data: agentList },
    example: '/api/v1/agents',
    exampleData: { agents: [] },
    handle: (request) => {
      const { agents } = request.deps;
      const list = agents?.entries().map((entry) => agentJson(entry, agents)) ?? [];
      return success({ agents: list }, request);
    },
  },
  {
    path: '/api/v1/agents/{id}/read',
    methods: ['POST'],
    tag: 'agents',
    summary: 'Read from an agent now',
    description:
      'Over the connection that the agent keeps open, within what it allows: values of this ' +
      'moment, a range of what it retains, the exposition of a target, or a function.',
    params: READ_PARAMS,
    answer: { kind: 'json', data: readAnswer },
    failures: FAILURES,
    handle: read,
  },
  {
    path: '/api/v1/agents/{id}/lease',
    methods: ['POST'],
    tag: 'agents',
    summary: 'Have an agent sample faster for a while',
    description:
      'Answered with what the agent made of it: its limits may leave a longer interval, and a ' +
      'shorter time, than was asked for. It ends by itself, also when this collector is gone.',
    params: LEASE_PARAMS,
    answer: { kind: 'json', data: leaseAnswer },
    failures: { ...FAILURES, 422: 'The agent refuses the lease; the error says why.' },
    handle: lease,
  },
];

function sessionsOf({ deps }: ApiRequest): SessionServer {
  if (deps.agents === undefined) throw new ApiError('unavailable', 'no sessions are taken here');
  return deps.agents;
}

const TYPES: Readonly<Record<AgentRequestError['failure'], ApiErrorType>> = {
  unknown_agent: 'not_found',
  not_connected: 'unavailable',
  busy: 'unavailable',
  timeout: 'timeout',
  lost: 'unavailable',
  refused: 'execution',
};

function apiErrorOf(error: unknown): unknown {
  if (!(error instanceof AgentRequestError)) return error;
  return new ApiError(TYPES[error.failure], error.message, { cause: error });
}

async function read(request: ApiRequest): Promise<Answer> {
  const sessions = sessionsOf(request);
  const { params, deps, signal } = request;
  const id = params.text('id');
  const operator = operatorsOf(request).mayAsk(request);
  const question = questionOf(params, deps.clock.now());
  const { kind, selector } = question;
  const fields = { operator, address: request.address, agentId: id, kind, selector };
  deps.logger.info(fields, 'an agent is read from');
  try {
    const result = await sessions.read(id, question, signal);
    return await success(readJson(result, sessions, id), request);
  } catch (error) {
    throw apiErrorOf(error);
  }
}

function questionOf(params: Params, nowMs: number): ReadQuestion {
  const name = params.text('kind') || 'instant';
  const kind = KINDS.get(name);
  if (kind === undefined) {
    const wanted = [...KINDS.keys()].join(', ');
    throw badParameter('kind', `${JSON.stringify(name)}, wanted one of ${wanted}`);
  }
  const isRange = kind === 'RANGE';
  return {
    kind,
    selector: required(params, 'selector'),
    minTime: isRange ? params.requiredTime('start') : 0,
    maxTime: isRange ? params.time('end', nowMs) : 0,
    resolutionMs: params.duration('resolution') ?? 0,
    budgetBytes: bounded(params, 'budget_bytes', DEFAULT_BUDGET_BYTES, BUDGET_BYTES_MAX),
    timeoutMs: timeoutOf(params),
    // As text: the answer is one.
    accept: TEXT_FORMATS,
  };
}

function timeoutOf(params: Params): number {
  const timeoutMs = params.duration('timeout') ?? DEFAULT_TIMEOUT_MS;
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return timeoutMs;
  throw badParameter('timeout', `${timeoutMs} ms, wanted 1 to ${TIMEOUT_MS_MAX}`);
}

function required(params: Params, name: string): string {
  const text = params.text(name);
  if (text === '') throw badParameter(name, 'it must be given');
  return text;
}

function bounded(params: Params, name: string, fallback: number, max: number): number {
  if (params.text(name) === '') return fallback;
  const value = params.integer(name);
  if (value !== undefined && value >= 1 && value <= max) return value;
  throw badParameter(name, `${JSON.stringify(params.text(name))}, wanted 1 to ${max}`);
}

async function lease(request: ApiRequest): Promise<Answer> {
  const sessions = sessionsOf(request);
  const operator = operatorsOf(request).mayAsk(request);
  const { params } = request;
  const intervalMs = params.requiredDuration('interval');
  if (intervalMs < 10) throw badParameter('interval', `${intervalMs} ms, wanted at least 10`);
  const ttlMs = params.duration('ttl') ?? DEFAULT_TTL_MS;
  if (ttlMs < 0 || ttlMs > 3_600_000) throw badParameter('ttl', `${ttlMs} ms, wanted 0 to 1 h`);
  const most = bounded(params, 'max_samples_per_second', DEFAULT_SAMPLES_PER_SECOND, 1_000_000);
  const asked: LeaseWish = {
    ...{ selector: required(params, 'selector'), intervalMs, predicate: '', ttlMs },
    samplesPerSecondMax: most,
  };
  const fields = { operator, address: request.address, agentId: params.text('id'), ttlMs };
  const { selector } = asked;
  request.deps.logger.info({ ...fields, selector, intervalMs }, 'an agent is given a lease');
  const given = params.text('lease_id');
  const known = given === '' ? undefined : bounded(params, 'lease_id', 1, 2 ** 32);
  try {
    return await success(leaseJson(await sessions.lease(params.text('id'), asked, known)), request);
  } catch (error) {
    throw apiErrorOf(error);
  }
}

function leaseJson({ leaseId, state, remainingMs, intervalMs, seriesCount }: LeaseReport) {
  const seconds = { ttlSeconds: remainingMs / 1000, intervalSeconds: intervalMs / 1000 };
  return { leaseId, state, ...seconds, seriesCount };
}

function agentJson(entry: AgentEntry, sessions: SessionServer): Record<string, unknown> {
  const { hello, heartbeat } = entry;
  const connection = sessions.connectionOf(entry.agentId);
  return {
    id: entry.agentId,
    labels: entry.labels.toObject(),
    state: stateOf(entry),
    epoch: sessions.ledger(entry.agentId)?.currentEpoch ?? 0,
    transport: connection?.transport ?? '',
    address: connection?.address ?? '',
    version: hello?.agentVersion ?? '',
    bootReason: hello?.bootReason ?? '',
    capabilities: hello?.capabilities ?? [],
    lastHeard: isoTime(entry.lastHeardMs),
    clock: clockJson(sessions.clockOf(entry.agentId)),
    groups: (hello?.groups ?? []).map(({ group, name, intervalMs }) => ({
      ...{ group, name, intervalSeconds: intervalMs / 1000 },
    })),
    policy: {
      state: policyStateOf(entry.policy, heartbeat),
      version: heartbeat?.policyVersion ?? 0,
    },
    ring: heartbeat === undefined ? null : ringJson(heartbeat.ring),
    leases: (heartbeat?.leases ?? []).map((report) => {
      const { leaseId: id, ttlSeconds: remainingSeconds, ...rest } = leaseJson(report);
      return { id, remainingSeconds, reason: report.reason, ...rest };
    }),
    cpuSeconds: heartbeat === undefined ? null : heartbeat.cpuMs / 1000,
    rssBytes: heartbeat?.rssBytes ?? null,
    problems: sessions.problemsOf(entry).map(problemJson),
  };
}

function clockJson(clock: ReturnType<SessionServer['clockOf']>) {
  if (clock === undefined) return null;
  const { aheadMs, errorMs, isApart } = clock;
  const errorSeconds = errorMs === undefined ? null : errorMs / 1000;
  return { aheadSeconds: aheadMs / 1000, errorSeconds, isApart };
}

function ringJson({
  usedBytes,
  limitBytes,
  oldestMs,
}: NonNullable<AgentEntry['heartbeat']>['ring']) {
  return { usedBytes, limitBytes, oldest: oldestMs === 0 ? null : isoTime(oldestMs) };
}

function stateOf({ connection, leaving, gone }: AgentEntry): string {
  if (connection !== undefined) return 'connected';
  if (leaving) return 'left';
  return gone ? 'gone' : 'disconnected';
}

function readJson({ end, chunks }: ReadResult, sessions: SessionServer, id: string) {
  const { status, message, contentType, clockMs } = end;
  const base = { status, message, time: isoTime(clockMs) };
  const content = chunks[0]?.content;
  if (content === undefined) return base;
  if (content === 'BATCH') {
    const series = chunks.flatMap(({ data }) => sessions.seriesOf(id, data));
    return {
      ...base,
      series: series.map(seriesJson),
    };
  }
  const text = Buffer.concat(chunks.map(({ data }) => data)).toString();
  return content === 'TEXT' ? { ...base, contentType, text } : { ...base, json: parsed(text) };
}

function seriesJson({ labels, timestamps, values, histograms }: ReadSeries) {
  const metric = labels.toObject();
  const floats = values.map((value, at) => [(timestamps[at] ?? 0) / 1000, formatFloat(value)]);
  if (histograms.length === 0) return { metric, values: floats };
  const points = histograms.map(({ timestamp, histogram }) => [
    timestamp / 1000,
    histogramJson(histogram),
  ]);
  return { metric, ...(floats.length === 0 ? {} : { values: floats }), histograms: points };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The budget cut it off.
    return text;
  }
}
