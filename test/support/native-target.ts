import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeText } from '../../src/formats/index.ts';
import { type FamilyMessage, familiesBody } from './metric-families.ts';

export const PROTOBUF_TYPE =
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited';

/** Observations of a native histogram of schema 0: the bounds are powers of two. */
export class PowersOfTwo {
  count = 0;
  sum = 0;
  readonly #counts = new Map<number, number>();

  observe(value: number): void {
    const index = Math.ceil(Math.log2(value));
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
    this.count++;
    this.sum += value;
  }

  /** Its family, with a classic form of the buckets up to 1 and 8 beside the native one. */
  family(name: string, time: Date = new Date()): FamilyMessage {
    const indices = [...this.#counts.keys()].sort((a, b) => a - b);
    let next = 0;
    const spans = indices.map((index, place) => {
      const offset = place === 0 ? index : index - next;
      next = index + 1;
      return { offset, length: 1 };
    });
    const counts = indices.map((index) => this.#counts.get(index)!);
    const upTo = (bound: number): number =>
      indices.reduce((sum, index, at) => sum + (2 ** index <= bound ? counts[at]! : 0), 0);
    const seconds = Math.floor(time.getTime() / 1000);
    return {
      name,
      help: 'Sizes of orders.',
      type: 'HISTOGRAM',
      metric: [
        {
          label: [{ name: 'shop', value: 'north' }],
          histogram: {
            sample_count: this.count,
            sample_sum: this.sum,
            bucket: [
              { upper_bound: 1, cumulative_count: upTo(1) },
              { upper_bound: 8, cumulative_count: upTo(8) },
            ],
            schema: 0,
            zero_threshold: 1e-9,
            positive_span: spans,
            positive_delta: counts.map((count, at) => count - (counts[at - 1] ?? 0)),
            exemplars: [
              {
                label: [{ name: 'trace_id', value: `t${this.count}` }],
                value: this.sum,
                timestamp: { seconds },
              },
            ],
          },
        },
      ],
    };
  }
}

/** A program that serves its metrics as Go's client library does: protobuf to who asks for it. */
export class NativeTarget {
  readonly orders = new PowersOfTwo();
  readonly accepts: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const { contentType, body } = this.#answer(request);
      response.writeHead(200, { 'content-type': contentType });
      response.end(body);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ headers }: IncomingMessage): { contentType: string; body: string | Buffer } {
    const accept = headers.accept ?? '';
    this.accepts.push(accept);
    if (accept.startsWith('application/vnd.google.protobuf')) {
      const body = familiesBody([this.orders.family('orders_size')]);
      return { contentType: PROTOBUF_TYPE, body };
    }
    const labelPairs = ['shop', 'north'];
    const sample = (suffix: string, value: number, le?: string) => ({
      name: `orders_size${suffix}`,
      labelPairs: le === undefined ? labelPairs : [...labelPairs, 'le', le],
      value,
      timestamp: undefined,
      exemplar: undefined,
    });
    const { count, sum } = this.orders;
    const buckets = this.orders.family('orders_size').metric?.[0]?.histogram?.bucket ?? [];
    const body = encodeText([
      {
        name: 'orders_size',
        type: 'histogram',
        help: 'Sizes of orders.',
        unit: '',
        samples: [
          ...buckets.map(({ upper_bound: bound, cumulative_count: below }) =>
            sample('_bucket', below ?? 0, String(bound)),
          ),
          sample('_bucket', count, '+Inf'),
          sample('_sum', sum),
          sample('_count', count),
        ],
      },
    ]);
    return { contentType: 'text/plain; version=0.0.4', body };
  }
}
