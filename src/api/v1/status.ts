import os from 'node:os';
import type { Hono } from 'hono';
import type { StorageStats } from '../../storage/api.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { success } from '../respond.ts';
import type { ApiEnv } from '../routing.ts';

/** `/api/v1/status/*`: what runs, on what, with which settings and how much data. */
export function statusRoutes(app: Hono<ApiEnv>, deps: ApiDependencies): void {
  const { control, storage } = deps;
  app.get('/status/buildinfo', () =>
    success({
      version: control.build.version,
      revision: control.build.revision,
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
      nodeVersion: process.version,
    }),
  );
  app.get('/status/runtimeinfo', () => success(runtimeInfo(deps)));
  app.get('/status/flags', () => success(control.flags()));
  app.get('/status/config', () => success({ yaml: control.configYaml() }));
  app.get('/status/tsdb', (context) =>
    success(tsdbStatus(storage.stats(context.var.params.limit() ?? 10))),
  );
}

function runtimeInfo({ control, clock, storage }: ApiDependencies): Record<string, unknown> {
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

function tsdbStatus(stats: StorageStats): Record<string, unknown> {
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
