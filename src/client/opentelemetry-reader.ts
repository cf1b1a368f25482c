import { encodeText } from '../formats/exposition/index.ts';
import {
  type ConversionOptions,
  type OpenTelemetryCollection,
  registryMetricsOf,
} from './opentelemetry-metrics.ts';
import type { MetricRegistry, PushingClient, RegistryMetric } from './types.ts';

/** What OpenTelemetry's SDK gives to a reader to collect from. */
export interface OpenTelemetryProducer {
  collect(): Promise<OpenTelemetryCollection>;
}

export interface OpenTelemetryReaderOptions extends Partial<ConversionOptions> {
  /** What callbacks of instruments threw; the others are pushed all the same. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A metric reader for OpenTelemetry's `MeterProvider`, and the registry of a client at once. It
 * has the SDK's shape and nothing of its code.
 */
export interface OpenTelemetryReader extends MetricRegistry {
  setMetricProducer(producer: OpenTelemetryProducer): void;
  /** The SDK's default for each instrument. */
  selectAggregation(): { readonly type: 0 };
  /** Cumulative: what is lost on the way can be pulled again without being counted twice. */
  selectAggregationTemporality(): 1;
  selectCardinalityLimit(): number;
  /** What the SDK collects, as it gives it. */
  collect<Result>(): Promise<Result>;
  getMetricsAsJSON(): Promise<RegistryMetric[]>;
  metrics(): Promise<string>;
  /** Pushes now, by the client that has this reader. */
  forceFlush(): Promise<void>;
  /** Pushes once more, and closes that client. */
  shutdown(): Promise<void>;
}

const CARDINALITY_MAX = 2000;
const TYPES = { counter: 'counter', gauge: 'gauge', histogram: 'histogram' } as const;

/**
 * For `new MeterProvider({ readers: [reader] })` and `createClient({ registry: reader })`: the
 * client reads the instruments whenever it pushes.
 */
export function openTelemetryReader(options: OpenTelemetryReaderOptions = {}): OpenTelemetryReader {
  return new Reader(options);
}

class Reader implements OpenTelemetryReader {
  readonly #options: OpenTelemetryReaderOptions;
  #producer: OpenTelemetryProducer | undefined;
  #client: PushingClient | undefined;

  constructor(options: OpenTelemetryReaderOptions) {
    this.#options = options;
  }

  setMetricProducer(producer: OpenTelemetryProducer): void {
    if (this.#producer !== undefined) throw new Error('a reader can have one MeterProvider only');
    this.#producer = producer;
  }

  selectAggregation(): { readonly type: 0 } {
    return { type: 0 };
  }

  selectAggregationTemporality(): 1 {
    return 1;
  }

  selectCardinalityLimit(): number {
    return CARDINALITY_MAX;
  }

  async collect<Result>(): Promise<Result> {
    return (await this.#collect()) as Result;
  }

  async getMetricsAsJSON(): Promise<RegistryMetric[]> {
    return this.#convert(this.#options.nativeHistograms ?? false);
  }

  async #convert(nativeHistograms: boolean): Promise<RegistryMetric[]> {
    const collected = await this.#collect();
    for (const error of collected.errors) this.#options.onError?.(error);
    const { scopeLabels = true, targetInfo = true } = this.#options;
    return registryMetricsOf(collected, { scopeLabels, targetInfo, nativeHistograms });
  }

  async metrics(): Promise<string> {
    // The text format has classic histograms only.
    const metrics = await this.#convert(false);
    return encodeText(
      metrics.map(({ name, help = '', type, values = [] }) => ({
        name,
        help,
        type: TYPES[type as keyof typeof TYPES],
        unit: '',
        samples: values.map(({ metricName = name, labels, value }) => ({
          name: metricName,
          labelPairs: Object.entries(labels).flatMap(([label, text]) => [label, String(text)]),
          value,
          timestamp: undefined,
        })),
      })),
    );
  }

  attach(client: PushingClient): void {
    this.#client = client;
  }

  async forceFlush(): Promise<void> {
    await this.#client?.flush();
  }

  async shutdown(): Promise<void> {
    await this.#client?.close();
  }

  #collect(): Promise<OpenTelemetryCollection> {
    if (this.#producer !== undefined) return this.#producer.collect();
    throw new Error(
      'the reader has no MeterProvider: want new MeterProvider({ readers: [reader] })',
    );
  }
}
