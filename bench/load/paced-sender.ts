import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendWrite } from '../support/http-client.ts';
import { Load } from './load.ts';
import { WriteRequests } from './write-requests.ts';

export interface PacedSenderOptions {
  readonly url: string;
  readonly series: number;
  readonly samplesPerSecond: number;
  /** Time of the samples of a pass over all series, counted from 0. */
  readonly timeOf: (pass: number) => number;
  /** Called between requests. */
  readonly betweenRequests?: (requests: WriteRequests, load: Load) => void;
}

const SAMPLES_PER_REQUEST_MAX = 2000;
const SAMPLES_PER_REQUEST_MIN = 100;
/** Fewer samples a request where few are sent: requests go out steadily. */
const REQUESTS_PER_SECOND = 50;
const IN_FLIGHT = 4;
const PACE_MS = 5;

/** Sends a load over and over, at a steady number of samples a second. */
export class PacedSender {
  /** Samples that were acknowledged. */
  sentSamples = 0;
  refusedRequests = 0;
  lastRefusal = '';
  passes = 0;
  /** Time to the answer of each request since the last `takeLatencies`. */
  #latenciesMs: number[] = [];
  readonly #options: PacedSenderOptions;
  readonly #load: Load;
  readonly #requests: WriteRequests;
  readonly #samplesPerRequest: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

  constructor(options: PacedSenderOptions) {
    this.#options = options;
    this.#load = new Load(options.series);
    const steady = Math.round(options.samplesPerSecond / REQUESTS_PER_SECOND);
    const least = Math.max(SAMPLES_PER_REQUEST_MIN, steady);
    this.#samplesPerRequest = Math.min(SAMPLES_PER_REQUEST_MAX, least);
    this.#requests = new WriteRequests(this.#load, this.#samplesPerRequest);
  }

  takeLatencies(): number[] {
    const latencies = this.#latenciesMs;
    this.#latenciesMs = [];
    return latencies;
  }

  /** Sends until aborted; the first passes as fast as they are taken. */
  async run(signal: AbortSignal, rushedPasses = 0): Promise<void> {
    const { samplesPerSecond, timeOf, betweenRequests } = this.#options;
    const waiting = new Set<Promise<void>>();
    let start = performance.now();
    let begun = 0;
    for (let pass = 0; !signal.aborted; pass++) {
      if (pass > 0) this.#load.tick();
      if (pass === rushedPasses) [start, begun] = [performance.now(), 0];
      const rate = pass < rushedPasses ? Infinity : samplesPerSecond;
      let first = 0;
      for (const body of this.#requests.bodies(timeOf(pass))) {
        if (signal.aborted) break;
        while (begun > ((performance.now() - start) / 1000) * rate) {
          await sleep(PACE_MS);
        }
        const samples = Math.min(this.#samplesPerRequest, this.#options.series - first);
        first += samples;
        begun += samples;
        const sent = this.#send(body, samples).finally(() => waiting.delete(sent));
        waiting.add(sent);
        if (waiting.size >= IN_FLIGHT) await Promise.race(waiting);
        betweenRequests?.(this.#requests, this.#load);
      }
      await Promise.all(waiting);
      this.passes = pass + 1;
    }
    this.#agent.destroy();
  }

  async #send(body: Uint8Array, samples: number): Promise<void> {
    const answer = await sendWrite(this.#options.url, body, this.#agent);
    this.#latenciesMs.push(answer.elapsedMs);
    if (answer.statusCode < 300) {
      this.sentSamples += samples;
      return;
    }
    this.refusedRequests++;
    this.lastRefusal = `${answer.statusCode} ${answer.body.slice(0, 200)}`;
  }
}
