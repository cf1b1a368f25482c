import { remoteWriteSender } from '../../agent/index.ts';
import type { WriteSeries } from '../../formats/index.ts';
import {
  compress,
  compressedSizeMax,
  encodeLabels,
  encodeWriteRequest,
} from '../../formats/index.ts';
import { Labels, METRIC_NAME, SampleColumns } from '../../model/index.ts';
import type { Clock } from '../../util/index.ts';
import { ByteWriter, delay, systemClock } from '../../util/index.ts';
import { PUSH_BUFFER_SAMPLES } from '../lab-options.ts';
import { type AgentSetup, everyTick, type SimulatedAgent } from './simulated-agent.ts';
import { EXTRA_METRIC, instanceOf, METRIC, valueOf } from './synthetic-load.ts';

/** As in Prometheus: `max_samples_per_send`, `min_backoff`, `max_backoff`. */
const SAMPLES_PER_SEND_MAX = 2000;
const BACKOFF_MS_MIN = 30;
const BACKOFF_MS_MAX = 5000;

/**
 * A sender of remote write 1.0: every tick at once, in order, one request at a time; what cannot be
 * sent waits in a bounded buffer and is tried again, the oldest is given up when it is full.
 */
export function startRemoteWriteAgent(
  setup: AgentSetup,
  clock: Clock = systemClock,
): SimulatedAgent {
  const sender = remoteWriteSender(`${setup.collectorUrl}/api/v1/write`);
  const encoder = new TickEncoder(setup);
  const ticksMax = Math.max(1, Math.floor(PUSH_BUFFER_SAMPLES / setup.series));
  const ticksPerSend = Math.max(1, Math.floor(SAMPLES_PER_SEND_MAX / setup.series));
  const queue: number[] = [];
  const stop = new AbortController();
  let droppedSamples = 0;
  let sending: Promise<void> | undefined;

  const sendAll = async (): Promise<void> => {
    let backoffMs = BACKOFF_MS_MIN;
    while (queue.length > 0 && !stop.signal.aborted) {
      const ticks = queue.slice(0, ticksPerSend);
      try {
        await sender.send(encoder.encode(ticks), stop.signal);
        // Meanwhile the buffer may have given some of them up.
        while (queue[0] !== undefined && queue[0] <= (ticks.at(-1) ?? 0)) queue.shift();
        backoffMs = BACKOFF_MS_MIN;
      } catch {
        await delay(clock, backoffMs, stop.signal);
        backoffMs = Math.min(BACKOFF_MS_MAX, 2 * backoffMs);
      }
    }
  };
  const stopTicks = everyTick(setup, clock, (tick) => {
    queue.push(tick);
    if (queue.length > ticksMax) {
      queue.shift();
      droppedSamples += setup.series;
    }
    sending ??= sendAll().finally(() => (sending = undefined));
  });
  return {
    port: 0,
    get droppedSamples() {
      return droppedSamples;
    },
    inSession: false,
    async stop() {
      stopTicks();
      stop.abort();
      await sending;
      await sender.close();
    },
  };
}

/** Encodes ticks of a load; label sets once. */
class TickEncoder {
  readonly #setup: AgentSetup;
  readonly #labels: readonly Uint8Array[];
  readonly #writer = new ByteWriter(64 * 1024);

  constructor(setup: AgentSetup) {
    this.#setup = setup;
    const names = Array.from({ length: setup.series }, (_, series) => {
      return [METRIC_NAME, METRIC, 'series', String(series)];
    });
    if (setup.hasExtra) names.push([METRIC_NAME, EXTRA_METRIC]);
    const target = ['instance', instanceOf(setup.agent), 'job', 'lab'];
    this.#labels = names.map((pairs) => encodeLabels(Labels.fromPairs([...pairs, ...target])));
  }

  encode(ticks: readonly number[]): Uint8Array {
    this.#writer.reset();
    encodeWriteRequest(this.#writer, this.#series(ticks));
    const message = this.#writer.written();
    const body = new Uint8Array(compressedSizeMax(message.length));
    return body.subarray(0, compress(message, 0, message.length, body));
  }

  *#series(ticks: readonly number[]): Generator<WriteSeries> {
    const { intervalMs } = this.#setup;
    const samples = new SampleColumns(ticks.length);
    for (const [series, labels] of this.#labels.entries()) {
      samples.reset();
      for (const tick of ticks) {
        samples.push(tick * intervalMs, valueOf(this.#setup, series, tick));
      }
      yield { labels, samples };
    }
  }
}
