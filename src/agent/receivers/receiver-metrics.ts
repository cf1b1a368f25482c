import type { OwnMetric } from '../sampling/own-source.ts';
import type { PushOutcome, PushTally } from './push-protocols.ts';

const UNAVAILABLE = 503;
const BAD_REQUEST = 400;

/** What the receivers count, as the agent tells it of itself. */
export class ReceiverMetrics implements PushTally {
  #requests = 0;
  #refused = 0;
  #deferred = 0;
  #samples = 0;
  #rejected = 0;
  #bytes = 0;
  /** Pushed series that are known. */
  seriesCount: () => number = () => 0;

  request(_protocol: string, outcome: PushOutcome): void {
    this.#requests++;
    this.#samples += outcome.samplesStored;
    this.#bytes += outcome.bodyBytes;
    if (outcome.statusCode === UNAVAILABLE) this.#deferred++;
    else if (outcome.statusCode >= BAD_REQUEST) this.#refused++;
  }

  rejected(_protocol: string, _reason: string, samples: number): void {
    this.#rejected += samples;
  }

  own(): OwnMetric[] {
    const metric = (
      type: OwnMetric['type'],
      name: string,
      help: string,
      value: () => number,
    ): OwnMetric => ({ name: `tidegauge_agent_receiver_${name}`, type, help, value });
    return [
      metric('counter', 'requests_total', 'Pushes that local programs sent.', () => this.#requests),
      metric(
        'counter',
        'requests_refused_total',
        'Of those, answered 4xx: they are not to come again.',
        () => this.#refused,
      ),
      metric(
        'counter',
        'requests_deferred_total',
        'Of those, answered 503: the ring was full or could not be written, or too much at once.',
        () => this.#deferred,
      ),
      metric(
        'counter',
        'samples_total',
        'Pushed samples taken into the ring.',
        () => this.#samples,
      ),
      metric('counter', 'samples_rejected_total', 'Pushed samples refused one by one.', () => {
        return this.#rejected;
      }),
      metric('counter', 'body_bytes_total', 'Bytes of pushes as sent.', () => this.#bytes),
      metric('gauge', 'series', 'Pushed series that are known.', () => {
        return this.seriesCount();
      }),
    ];
  }
}
