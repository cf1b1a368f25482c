import type { MetricType } from '../../model/index.ts';
import { Labels, METRIC_NAME, messageOf, SampleColumns } from '../../model/index.ts';
import type { WriteMetadata, WriteSeries } from '../../formats/index.ts';
import {
  compress,
  compressedSizeMax,
  encodeLabels,
  encodeWriteRequest,
} from '../../formats/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Clock } from '../../util/index.ts';
import { ByteWriter, delay } from '../../util/index.ts';
import type { HostMetricsOptions } from '../options.ts';
import { realHostFiles } from './host-files.ts';
import type { HostFiles, HostMetricVisitor } from './host-metric.ts';
import { hostCollectors, readHost } from './read-host.ts';

/** Sends one remote write body; rejects when it was not acknowledged. */
export type SendWrite = (body: Uint8Array, signal: AbortSignal) => Promise<void>;

export interface HostAgentDependencies {
  readonly options: HostMetricsOptions;
  /** Labels of every series besides its own: `job`, `instance`. */
  readonly labels: Labels;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly send: SendWrite;
  readonly files?: HostFiles;
}

/** Between two sends of metadata, in readings. */
const METADATA_EVERY = 60;

/** Encoded label sets that are kept beside as many as the last reading had. */
const UNUSED_LABELS_MAX = 1000;

/**
 * Reads the host at each multiple of the interval and pushes what it read. A reading that cannot
 * be sent is dropped and said once; the next one goes out at its own time. (Holding readings until
 * they are acknowledged is the ring's work, which comes with the session.)
 */
export class HostAgent {
  readonly #deps: HostAgentDependencies;
  readonly #stop = new AbortController();
  readonly #encodedLabels = new Map<string, Uint8Array>();
  readonly #collectors = hostCollectors();
  #running: Promise<void> | undefined;
  #readings = 0;
  #failing = false;

  constructor(deps: HostAgentDependencies) {
    this.#deps = deps;
  }

  /** Begins with a reading at once. */
  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, options } = this.#deps;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#readAndSend(signal);
      const untilNextMs = options.interval_ms - (clock.now() % options.interval_ms);
      await delay(clock, untilNextMs, signal);
    }
  }

  async #readAndSend(signal: AbortSignal): Promise<void> {
    const { logger } = this.#deps;
    try {
      await this.#deps.send(await this.#read(), signal);
      if (this.#failing) logger.info({}, 'host metrics are sent again');
      this.#failing = false;
    } catch (error) {
      if (signal.aborted || this.#failing) return;
      this.#failing = true;
      logger.warn({ err: messageOf(error) }, 'host metrics could not be sent');
    }
  }

  /** One reading as a compressed remote write body. */
  async #read(): Promise<Uint8Array> {
    const { clock, files = realHostFiles, logger } = this.#deps;
    const reading = new Reading(clock.now(), (name, labels) => this.#labelsOf(name, labels));
    const failures = await readHost(this.#collectors, files, reading, () => clock.monotonic());
    this.#forgetLabels(reading.series.length);
    for (const failure of failures) logger.debug({ ...failure }, 'a host collector failed');
    const withMetadata = this.#readings++ % METADATA_EVERY === 0;
    const writer = new ByteWriter(64 * 1024);
    encodeWriteRequest(writer, reading.series, withMetadata ? reading.metadata() : []);
    const message = writer.written();
    const body = new Uint8Array(compressedSizeMax(message.length));
    return body.subarray(0, compress(message, 0, message.length, body));
  }

  // Devices come and go: a host that runs containers names new ones for ever.
  #forgetLabels(usedCount: number): void {
    if (this.#encodedLabels.size > 2 * usedCount + UNUSED_LABELS_MAX) this.#encodedLabels.clear();
  }

  /** Number of label sets held as they are sent. */
  get heldLabelCount(): number {
    return this.#encodedLabels.size;
  }

  // The label sets of a host hardly ever change: they are encoded once.
  #labelsOf(name: string, labels: readonly string[]): Uint8Array {
    const key = `${name}\n${labels.join('\n')}`;
    let encoded = this.#encodedLabels.get(key);
    if (encoded === undefined) {
      const pairs = [...this.#deps.labels.pairs, METRIC_NAME, name, ...labels];
      encoded = encodeLabels(Labels.fromPairs(pairs));
      this.#encodedLabels.set(key, encoded);
    }
    return encoded;
  }
}

/** Gathers one reading. */
class Reading implements HostMetricVisitor {
  readonly series: WriteSeries[] = [];
  readonly #timestamp: number;
  readonly #labelsOf: (name: string, labels: readonly string[]) => Uint8Array;
  readonly #families = new Map<string, { type: MetricType; help: string }>();

  constructor(
    timestamp: number,
    labelsOf: (name: string, labels: readonly string[]) => Uint8Array,
  ) {
    this.#timestamp = timestamp;
    this.#labelsOf = labelsOf;
  }

  metric(
    name: string,
    type: MetricType,
    help: string,
    value: number,
    labels: readonly string[] = [],
  ): void {
    const samples = new SampleColumns(1);
    samples.push(this.#timestamp, value);
    this.series.push({ labels: this.#labelsOf(name, labels), samples });
    if (!this.#families.has(name)) this.#families.set(name, { type, help });
  }

  metadata(): WriteMetadata[] {
    return [...this.#families].map(([familyName, { type, help }]) => ({
      familyName,
      metadata: { type, help, unit: '' },
    }));
  }
}
