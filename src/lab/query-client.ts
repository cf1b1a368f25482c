import { Agent, request } from 'undici';
import { LabError } from './errors.ts';

type Point = readonly [timeSeconds: number, value: string];

export interface FoundSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

const TIMEOUT_MS = 20_000;

/** Asks a collector, past the network: what is measured is not the way of the answers. */
export class QueryClient {
  readonly #url: string;
  readonly #dispatcher = new Agent({ connections: 4, pipelining: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  /** An instant query. @throws Error where there is no answer, LabError where it is a refusal */
  async query(query: string, timeMs?: number): Promise<readonly FoundSeries[]> {
    const at = timeMs === undefined ? {} : { time: String(timeMs / 1000) };
    const data = await this.post('/api/v1/query', { query, ...at });
    return (data as { readonly result: readonly FoundSeries[] }).result;
  }

  /** The one number of an answer; 0 where it is empty. */
  async number(query: string, timeMs?: number): Promise<number> {
    return Number((await this.query(query, timeMs))[0]?.value?.[1] ?? 0);
  }

  /** The data of an answer. @throws as `query` */
  async post(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    return this.#exchange('POST', path, new URLSearchParams(parameters).toString());
  }

  async get(path: string): Promise<unknown> {
    return this.#exchange('GET', path, undefined);
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  async #exchange(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
  ): Promise<unknown> {
    const answer = await request(`${this.#url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      dispatcher: this.#dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) {
      throw new LabError(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`);
    }
    return (JSON.parse(text) as { readonly data: unknown }).data;
  }
}
