import os from 'node:os';
import { z } from 'zod';
import type { StorageStats } from '../../storage/api.ts';
import { buildInfo, features, runtimeInfo, tsdbStatus, walReplay } from '../contract/status.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors.ts';
import type { Params } from '../params.ts';
import { success } from '../respond.ts';
import type { AnswerSpec, ApiRequest, Route } from '../route.ts';
import { featureTable } from './features.ts';

const MAX_STATS = 10_000;

/** What runs, on what, with which settings and how much data. */
export const statusRoutes: readonly Route[] = [
  statusRoute('status/buildinfo', 'What runs', buildInfo, ({ deps }) => ({
    ...deps.control.build,
    branch: '',
    buildUser: '',
    buildDate: '',
    goVersion: '',
    nodeVersion: process.version,
  })),
  statusRoute('status/runtimeinfo', 'State of the running program', runtimeInfo, ({ deps }) =>
    describeRuntime(deps),
  ),
  statusRoute(
    'status/flags',
    'Flags, as given or by default',
    z.record(z.string(), z.string()),
    ({ deps }) => deps.control.flags(),
  ),
  statusRoute(
    'status/config',
    'The configuration in force, secrets hidden',
    z.strictObject({ yaml: z.string() }),
    ({ deps }) => ({ yaml: deps.control.configYaml() }),
  ),
  {
    ...statusRoute('status/tsdb', 'What takes the most room', tsdbStatus, ({ params, deps }) =>
      describeStore(deps.storage.stats(statsLimit(params))),
    ),
    params: [
      {
        name: 'limit',
        in: 'query',
        type: 'integer',
        text: `Most entries of each list, at most ${MAX_STATS}; 10 where missing.`,
      },
    ],
  },
  {
    // The server listens once the log has been read: there is never any of it left to replay.
    ...statusRoute('status/walreplay', 'Progress of reading the log', walReplay, () => ({
      min: 0,
      max: 0,
      current: 0,
    })),
    description: 'Always done: requests are answered once the log has been read.',
  },
  statusRoute('features', 'What this server can do', features, ({ deps }) => featureTable(deps)),
];

function statusRoute(
  path: string,
  summary: string,
  data: Extract<AnswerSpec, { kind: 'json' }>['data'],
  read: (request: ApiRequest) => unknown,
): Route {
  return {
    path: `/api/v1/${path}`,
    methods: ['GET'],
    tag: 'status',
    summary,
    params: [],
    answer: { kind: 'json', data },
    example: `/api/v1/${path}`,
    handle: (request) => success(read(request), request),
  };
}

function describeRuntime({ control, clock, storage }: ApiDependencies): Record<string, unknown> {
  const stats = storage.stats(0);
  const reload = control.lastReload();
  return {
    startTime: new Date(control.startTimeMs).toISOString(),
    CWD: process.cwd(),
    hostname: os.hostname(),
    serverTime: new Date(clock.now()).toISOString(),
    reloadConfigSuccess: reload.success,
    lastConfigTime: new Date(reload.timeMs).toISOString(),
    corruptionCount: stats.corruptionCount,
    timeSeriesCount: stats.seriesCount,
    sampleCount: stats.sampleCount,
    goroutineCount: 0,
    GOMAXPROCS: os.availableParallelism(),
    GOMEMLIMIT: 0,
    GOGC: '',
    GODEBUG: '',
    storageRetention: control.retention,
    dataDirectory: control.dataDir,
  };
}

function statsLimit(params: Params): number {
  if (params.text('limit') === '') return 10;
  const limit = params.integer('limit') ?? 0;
  if (limit < 1) throw new ApiError('bad_data', 'limit must be a positive number');
  if (limit > MAX_STATS) throw new ApiError('bad_data', `limit must not exceed ${MAX_STATS}`);
  return limit;
}

function describeStore(stats: StorageStats): Record<string, unknown> {
  return {
    headStats: {
      numSeries: stats.seriesCount,
      numLabelPairs: stats.labelPairCount,
      chunkCount: stats.chunkCount,
      minTime: stats.minTime ?? 0,
      maxTime: stats.maxTime ?? 0,
    },
    seriesCountByMetricName: stats.seriesByMetricName,
    labelValueCountByLabelName: stats.valuesByLabelName,
    memoryInBytesByLabelName: stats.bytesByLabelName,
    seriesCountByLabelValuePair: stats.seriesByLabelPair,
  };
}
