import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';
import type { BuildInfo } from '../api/index.ts';
import type { SourceRegistry } from '../sources/index.ts';
import type { Storage } from '../storage/api.ts';

/** What the collector tells of itself beside the process, pull, push and HTTP. */
export function registerServerMetrics(
  registry: Registry,
  parts: {
    readonly build: BuildInfo;
    readonly storage: Storage;
    readonly sources: SourceRegistry;
  },
): void {
  const registers = [registry];
  new Gauge({
    name: 'tidegauge_build_info',
    help: 'Always 1; the labels tell what runs.',
    labelNames: ['version', 'revision', 'nodeversion'],
    registers,
  }).set({ ...parts.build, nodeversion: process.version }, 1);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `tidegauge_storage_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const stats = () => parts.storage.stats(0);
  gauge('series', 'Series in the store.', () => stats().seriesCount);
  gauge('samples', 'Samples in the store.', () => stats().sampleCount);
  gauge('chunks', 'Chunks in the store.', () => stats().chunkCount);
  gauge('corruptions', 'Corrupt places found when the store was opened.', () => {
    return stats().corruptionCount;
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
