/** What a registry of prom-client looks like from here; any version that can list its metrics. */
export interface MetricRegistry {
  /** Name, help, type and values of every metric. */
  getMetricsAsJSON(): Promise<readonly RegistryMetric[]> | readonly RegistryMetric[];
  /** The text exposition, for whoever reads it through the collector. */
  metrics?(): Promise<string> | string;
  /** Told once of the client that reads it. */
  attach?(client: PushingClient): void;
}

/** As much of a client as a registry may want of it. */
export interface PushingClient {
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface RegistryMetric {
  readonly name: string;
  readonly help?: string;
  /** `counter`, `gauge`, `histogram` or `summary`; prom-client's own type names it otherwise. */
  readonly type?: unknown;
  readonly values?: readonly RegistryValue[];
}

export interface RegistryValue {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  /** Of histograms and summaries: the series' own name, such as `NAME_bucket`. */
  readonly metricName?: string;
  /** A native histogram, whose count is `value`; the registry does not change it any more. */
  readonly histogram?: NativeHistogram;
}

/** A native histogram as Prometheus has it, with absolute counts. */
export interface NativeHistogram {
  readonly counterReset: 'unknown' | 'reset' | 'not_reset' | 'gauge';
  /** -4 to 8, or -53 for custom buckets. */
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Runs of buckets: the first offset is absolute, the others are the gaps before them. */
  readonly positiveSpans: readonly { readonly offset: number; readonly length: number }[];
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly { readonly offset: number; readonly length: number }[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds of custom buckets, ascending. */
  readonly customValues: readonly number[];
}

export interface ClientOptions {
  /** The collector, such as `http://127.0.0.1:9095`. */
  readonly collector: string;
  /** Label `job` of every series, and the first part of the client's name. */
  readonly job: string;
  /** Label `instance`. Default: host name and process id. Two processes must not share one. */
  readonly instance?: string;
  readonly registry?: MetricRegistry;
  /** Further labels of every series. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Bearer token; none is needed for a collector on this host. */
  readonly token?: string;
  /** Time between two pushes of everything, in milliseconds. Default 15,000, at least 100. */
  readonly intervalMs?: number;
  /** Looks more often than that, and pushes what changed. */
  readonly onChange?: {
    /** Time between two looks, in milliseconds. Default 1000, at least 50. */
    readonly checkMs?: number;
    /**
     * A gauge that moved by no more than this is not pushed, nor a counter that is no further from
     * where it was heading. Default 0.
     */
    readonly tolerance?: number;
  };
  /** What is kept for a collector that is away, in bytes. Default 4 MiB; the oldest goes first. */
  readonly bufferBytes?: number;
  /** How to connect. Default: WebSocket, and plain HTTP where that does not pass. */
  readonly transport?: 'auto' | 'websocket' | 'poll';
}

/** Something went wrong that the program need not care about. */
export interface ClientWarning {
  readonly message: string;
  /** What the message is about: reasons, names, errors. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ClientStatus {
  readonly connected: boolean;
  readonly series: number;
  readonly samples: number;
  /** Samples that the source could not give. */
  readonly failedSamples: number;
  readonly sentBytes: number;
  readonly bufferedBytes: number;
  readonly reads: number;
  /** Errors that were swallowed, of whatever kind. */
  readonly errors: number;
}

export interface EventOptions {
  /** Default 1. */
  readonly value?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly help?: string;
}

/**
 * Pushes a program's metrics. Nothing of it throws, rejects, or keeps the program from ending.
 */
export interface TidegaugeClient {
  /** Pushes one sample at once, on a lane of its own before all others. */
  event(name: string, options?: EventOptions): void;
  /** Reads the registry now and pushes it. */
  flush(): Promise<void>;
  /** Pushes once more, says goodbye and ends; at most `timeoutMs` (default 2000). */
  close(timeoutMs?: number): Promise<void>;
  status(): ClientStatus;
  on(event: 'warning', listener: (warning: ClientWarning) => void): this;
  off(event: 'warning', listener: (warning: ClientWarning) => void): this;
}
