import { messageOf } from '../../model/index.ts';
import type { HostCollector, HostFiles, HostMetricVisitor } from './host-metric.ts';
import { osCollector, unameCollector } from './os-collector.ts';
import {
  cpuCollector,
  diskCollector,
  filesystemCollector,
  loadCollector,
  memoryCollector,
  networkCollector,
} from './proc-collectors.ts';

/** The collectors that this platform has the files for. */
export function hostCollectors(platform: NodeJS.Platform = process.platform): HostCollector[] {
  if (platform !== 'linux') return [osCollector, unameCollector];
  return [
    cpuCollector,
    memoryCollector,
    loadCollector,
    diskCollector,
    networkCollector,
    filesystemCollector,
    unameCollector,
  ];
}

export interface CollectorFailure {
  readonly collector: string;
  readonly message: string;
}

/**
 * Reads the host once. A collector that fails costs only its own metrics; each collector's success
 * and duration are metrics too, as with node_exporter.
 */
export async function readHost(
  collectors: readonly HostCollector[],
  files: HostFiles,
  visitor: HostMetricVisitor,
  monotonic: () => number,
): Promise<CollectorFailure[]> {
  const failures: CollectorFailure[] = [];
  for (const collector of collectors) {
    const startMs = monotonic();
    let success = 1;
    try {
      await collector.collect(files, visitor);
    } catch (error) {
      success = 0;
      failures.push({ collector: collector.name, message: messageOf(error) });
    }
    const labels = ['collector', collector.name];
    visitor.metric(
      'node_scrape_collector_duration_seconds',
      'gauge',
      'Duration of a collector scrape.',
      (monotonic() - startMs) / 1000,
      labels,
    );
    visitor.metric(
      'node_scrape_collector_success',
      'gauge',
      'Whether a collector succeeded.',
      success,
      labels,
    );
  }
  return failures;
}
