import type { MetricType } from '../../model/index.ts';

/** Receives the values of one reading of the host. Names follow node_exporter. */
export interface HostMetricVisitor {
  /** `labels` is name, value, name, value, … */
  metric(
    name: string,
    type: MetricType,
    help: string,
    value: number,
    labels?: readonly string[],
  ): void;
}

/**
 * One subject of the host (CPU, memory, …). A collector reads its files anew at each call and
 * throws when the host does not have them; the caller counts that and goes on with the others.
 */
export interface HostCollector {
  readonly name: string;
  collect(files: HostFiles, visitor: HostMetricVisitor): Promise<void>;
}

/** The host's files as collectors need them; tests give their own. */
export interface HostFiles {
  /** Text of a small file such as `/proc/stat`. */
  read(path: string): Promise<string>;
  /** Size and free space of the file system mounted at `path`, in bytes and inodes. */
  statfs(path: string): Promise<FileSystemStat>;
}

export interface FileSystemStat {
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly freeInodes: number;
}
