import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { BuildInfo } from '../api/index.ts';
import type { IngestKernel } from '../ingest/index.ts';
import type { QueryPool, QueryPoolStats } from '../query/index.ts';
import type { SourceRegistry } from '../sources/index.ts';
import type { EmbeddedStorage, StorageCounters } from '../storage/index.ts';
import { Readings } from './readings.ts';

export interface ServerParts {
  readonly build: BuildInfo;
  readonly storage: EmbeddedStorage;
  readonly ingestKernel: IngestKernel;
  readonly sources: SourceRegistry;
  readonly queries: QueryPool;
  /** How the last loading of the configuration went, and when one last went well. */
  readonly lastReload: () => { readonly success: boolean; readonly timeMs: number };
}

/** What the collector tells of itself beside the process, pull, push and HTTP. */
export function registerServerMetrics(registry: Registry, parts: ServerParts): void {
  const registers = [registry];
  new Gauge({
    name: 'tidegauge_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'revision', 'nodeversion'],
    registers,
  }).set({ ...parts.build, nodeversion: process.version }, 1);
  registerReload(new Readings(registry), parts);
  registerStorage(new Readings(registry), parts.storage);
  registerMemory(registry, parts);
  registerQueries(new Readings(registry), parts.queries);
  new Counter({
    name: 'tidegauge_query_limited_total',
    help: 'Queries that a limit ended, by which.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      const { limited } = parts.queries.stats();
      for (const [reason, count] of Object.entries(limited)) this.inc({ reason }, count);
    },
  });
  new Gauge({
    name: 'tidegauge_sources',
    help: 'Sources of samples, by kind and state.',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { kind, state } of parts.sources.list()) this.inc({ kind, state });
    },
  });
}

function registerMemory(registry: Registry, { storage, ingestKernel }: ServerParts): void {
  const byKind = (
    name: string,
    help: string,
    read: () => Readonly<Record<string, number>>,
  ): Gauge<'kind'> =>
    new Gauge({
      name: `tidegauge_${name}`,
      help,
      labelNames: ['kind'],
      registers: [registry],
      collect() {
        for (const [kind, bytes] of Object.entries(read())) this.set({ kind }, bytes);
      },
    });
  byKind(
    'storage_memory_bytes',
    'Memory of the head by what it holds: bytes in use of the shared memory.',
    () => storage.memoryByKind(),
  );
  byKind(
    'ingest_memory_bytes',
    'Memory in which pushes and scrapes are read, by what it holds: bytes in use.',
    () => ingestKernel.memoryByKind(),
  );
  const readings = new Readings(registry);
  readings.gauge(
    'ingest_memory_size_bytes',
    'Size of that memory. It grows with the largest bodies and does not shrink.',
    () => ingestKernel.memoryBytes,
  );
  readings.gauge(
    'ingest_identities',
    'Names of series that are recognised without looking at their labels.',
    () => ingestKernel.identityCount,
  );
}

function registerReload(readings: Readings, { lastReload }: ServerParts): void {
  readings.gauge(
    'config_last_reload_successful',
    'Whether the configuration was right when it was last loaded: 1, or 0.',
    () => (lastReload().success ? 1 : 0),
  );
  readings.gauge(
    'config_last_reload_success_timestamp_seconds',
    'When the configuration in force was loaded.',
    () => lastReload().timeMs / 1000,
  );
}

function registerStorage(readings: Readings, storage: EmbeddedStorage): void {
  // Not from `stats`, which goes through all series: this is asked for every few seconds.
  const held = (name: string, help: string, field: keyof StorageCounters): void =>
    readings.gauge(`storage_${name}`, help, () => storage.counters()[field]);
  held('series', 'Series in the store.', 'series');
  held('samples', 'Samples in the store.', 'samples');
  held('chunks', 'Chunks in the store.', 'chunks');
  held('wal_size_bytes', 'Log that a restart would replay.', 'walSizeBytes');
  held('sample_memory_bytes', 'Memory held for samples.', 'sampleMemoryBytes');
  held('folder_missing', 'Whether the data folder is gone while in use.', 'folderMissing');
  held('blocks', 'Blocks on the disk.', 'blocks');
  held('blocks_bytes', 'Size of the blocks on the disk.', 'blockBytes');
  readings.gauge(
    'storage_corruptions',
    'Corrupt places found when the store was opened.',
    () => storage.recovery.corruptionCount,
  );
  const count = (name: string, help: string, field: keyof StorageCounters): void =>
    readings.counter(`storage_${name}`, help, () => storage.counters()[field]);
  count('wal_records', 'Records written to the log.', 'walRecords');
  count('wal_written_bytes', 'Bytes written to the log.', 'walBytes');
  count('wal_groups', 'Groups of records written and synced together.', 'walGroups');
  count('wal_failed_groups', 'Groups of records that could not be written.', 'walFailedGroups');
  count('checkpoints', 'Checkpoints written.', 'checkpoints');
  count('failed_checkpoints', 'Checkpoints that could not be written.', 'failedCheckpoints');
  count('series_refused', 'New series refused by the series limit.', 'seriesRefused');
  count('exemplars_dropped', 'Exemplars not kept.', 'exemplarsDropped');
}

function registerQueries(readings: Readings, queries: QueryPool): void {
  const stats = (): QueryPoolStats => queries.stats();
  readings.gauge('query_workers', 'Threads that evaluate queries.', () => stats().workers);
  readings.gauge('queries_running', 'Queries being evaluated.', () => stats().running);
  readings.gauge('queries_queued', 'Queries waiting for a worker.', () => stats().queued);
  readings.counter('queries_answered', 'Queries answered.', () => stats().answered);
  readings.counter('queries_failed', 'Queries that failed, whatever the reason.', () =>
    [...stats().failed.values()].reduce((sum, failed) => sum + failed, 0),
  );
  readings.counter('query_samples_read', 'Samples read by queries.', () => stats().samplesRead);
  readings.counter(
    'query_evaluation_seconds',
    'Time spent evaluating queries, all workers together.',
    () => stats().evaluateMs / 1000,
  );
  readings.counter(
    'query_queue_seconds',
    'Time queries waited for a worker.',
    () => stats().queueMs / 1000,
  );
  readings.counter('query_worker_crashes', 'Workers that ended unasked.', () => stats().crashes);
}
