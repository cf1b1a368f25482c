import type { CompletenessData, SourcesData } from './contract.ts';
import { ApiError, serverErrorType } from './errors.ts';
import type {
  Analysis,
  Answer,
  BuildInfo,
  Features,
  MetricMetadata,
  QueryData,
  RuntimeInfo,
} from './prometheus.ts';

/** Longer than the server's own deadline of two minutes, so that its message is the one seen. */
const DEFAULT_TIMEOUT_MS = 130_000;

/** A request's query parameters; undefined ones are left out, lists are repeated. */
export type Params = Record<string, string | number | readonly string[] | undefined>;

/** What a query may be asked with; undefined ones are the server's own choice. */
export interface EvaluationParams {
  query: string;
  /** Most elements of the answer. */
  limit?: number | undefined;
  /** Seconds that an instant vector looks back for a sample. */
  lookback_delta?: number | undefined;
}

/** Unix seconds, both inclusive, and seconds between two steps. */
export interface RangeParams {
  start: number;
  end: number;
  step: number;
}

export interface ApiClientOptions {
  /** Injected by tests; the page passes the browser's own. */
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** In front of every path, no slash at its end; empty for the page's own origin. */
  baseUrl?: string;
  timeoutMs?: number;
}

/** Per-request settings. */
export interface RequestOptions {
  /** Requests with the same lane supersede each other: the newer one aborts the older. */
  lane?: string;
  timeoutMs?: number;
}

/** Typed access to the collector's HTTP API. Every failure is an ApiError. */
export class ApiClient {
  readonly #fetch: ApiClientOptions['fetch'];
  readonly #baseUrl: string;
  readonly #timeoutMs: number;
  readonly #lanes = new Map<string, AbortController>();

  constructor(options: ApiClientOptions) {
    this.#fetch = options.fetch;
    this.#baseUrl = options.baseUrl ?? '';
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Instant query; `time` is Unix seconds, left out for the server's now. */
  query(params: EvaluationParams & { time?: number | undefined }): Promise<Answer<QueryData>> {
    return this.#send('/api/v1/query', { ...params, stats: 'all' }, { lane: 'query' });
  }

  queryRange(params: EvaluationParams & RangeParams): Promise<Answer<QueryData>> {
    return this.#send('/api/v1/query_range', { ...params, stats: 'all' }, { lane: 'query' });
  }

  /** Evaluates a range query and tells what each operator of its plan took. */
  analyze(params: Omit<EvaluationParams, 'limit'> & RangeParams): Promise<Answer<Analysis>> {
    return this.#send('/api/v1/analyze', { ...params }, { lane: 'query' });
  }

  /** What the server's parser says against an expression; null for nothing, or for no answer. */
  async parseError(query: string): Promise<string | null> {
    const options = { lane: 'parse', timeoutMs: 10_000 };
    try {
      await this.#send('/api/v1/parse_query', { query }, options);
      return null;
    } catch (thrown) {
      return thrown instanceof ApiError && thrown.code === 'bad_data' ? thrown.message : null;
    }
  }

  /** Instant query beside the user's own: never supersedes it. */
  async figure(query: string): Promise<QueryData> {
    const answer = await this.#send<QueryData>('/api/v1/query', { query }, { timeoutMs: 10_000 });
    return answer.data;
  }

  async metricNames(): Promise<string[]> {
    const path = '/api/v1/label/__name__/values';
    return (await this.#send<string[]>(path, {}, { lane: 'names', timeoutMs: 15_000 })).data;
  }

  /** Label names of the series that a selector takes; of all series where it is empty. */
  async labelNames(selector: string): Promise<string[]> {
    const params = { 'match[]': selector === '' ? undefined : selector };
    const options = { lane: 'label names', timeoutMs: 15_000 };
    return (await this.#send<string[]>('/api/v1/labels', params, options)).data;
  }

  /** Values of a label, of the series that a selector takes or of all. */
  async labelValues(name: string, selector: string): Promise<string[]> {
    const params = { 'match[]': selector === '' ? undefined : selector };
    const path = `/api/v1/label/${encodeURIComponent(name)}/values`;
    const options = { lane: 'label values', timeoutMs: 15_000 };
    return (await this.#send<string[]>(path, params, options)).data;
  }

  async features(): Promise<Features> {
    const options = { timeoutMs: 10_000 };
    return (await this.#send<Features>('/api/v1/features', {}, options)).data;
  }

  async metadata(): Promise<Record<string, MetricMetadata[]>> {
    const options = { lane: 'metadata', timeoutMs: 15_000 };
    return (await this.#send<Record<string, MetricMetadata[]>>('/api/v1/metadata', {}, options))
      .data;
  }

  async sources(): Promise<SourcesData> {
    const options = { lane: 'sources', timeoutMs: 15_000 };
    return (await this.#send<SourcesData>('/api/v1/sources', {}, options)).data;
  }

  /** What of an agent's samples is here; holes from `start` on, in Unix seconds. */
  async completeness(agent: string, start: number): Promise<CompletenessData> {
    const params = { 'match[]': `{agent=${JSON.stringify(agent)}}`, start };
    const path = '/api/v1/completeness';
    return (await this.#send<CompletenessData>(path, params, { timeoutMs: 15_000 })).data;
  }

  async buildInfo(): Promise<BuildInfo> {
    const options = { timeoutMs: 10_000 };
    return (await this.#send<BuildInfo>('/api/v1/status/buildinfo', {}, options)).data;
  }

  async runtimeInfo(): Promise<RuntimeInfo> {
    const options = { timeoutMs: 10_000 };
    return (await this.#send<RuntimeInfo>('/api/v1/status/runtimeinfo', {}, options)).data;
  }

  /** Gives up whatever runs in a lane; its caller sees `superseded`. */
  cancel(lane: string): void {
    this.#lanes.get(lane)?.abort();
    this.#lanes.delete(lane);
  }

  async #send<T>(path: string, params: Params, options: RequestOptions): Promise<Answer<T>> {
    const controller = new AbortController();
    const { lane } = options;
    if (lane !== undefined) {
      this.#lanes.get(lane)?.abort();
      this.#lanes.set(lane, controller);
    }
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, timeoutMs);
    try {
      const url = this.#baseUrl + path + queryString(params);
      const headers = { Accept: 'application/json' };
      const response = await this.#fetch(url, { signal: controller.signal, headers });
      return readAnswer<T>(response.status, await response.text());
    } catch (thrown) {
      if (thrown instanceof ApiError) throw thrown;
      if (late) throw new ApiError('deadline', `No answer within ${timeoutMs / 1000} s.`);
      if (controller.signal.aborted) throw new ApiError('superseded', 'A newer request was sent.');
      throw new ApiError('network', 'The collector does not answer. Is it running?');
    } finally {
      clearTimeout(timer);
      if (lane !== undefined && this.#lanes.get(lane) === controller) this.#lanes.delete(lane);
    }
  }
}

/** `?a=1&b=2`, or nothing where no parameter is set. */
export function queryString(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (typeof value === 'string' || typeof value === 'number') search.append(name, String(value));
    else for (const item of value) search.append(name, item);
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** Reads the API's envelope. The data's own shape is the server's promise, held by its tests. */
export function readAnswer<T>(status: number, body: string): Answer<T> {
  let envelope: unknown;
  try {
    envelope = JSON.parse(body);
  } catch {
    const excerpt = body.trim().slice(0, 120);
    throw new ApiError('malformed', `HTTP ${status}: not JSON: ${excerpt || '(empty)'}`, status);
  }
  if (!isRecord(envelope)) {
    throw new ApiError('malformed', `HTTP ${status}: the answer is no object.`, status);
  }
  if (envelope['status'] !== 'success') {
    const type = typeof envelope['errorType'] === 'string' ? envelope['errorType'] : '';
    const text = typeof envelope['error'] === 'string' ? envelope['error'] : `HTTP ${status}`;
    throw new ApiError(serverErrorType(type), text, status);
  }
  return {
    data: envelope['data'] as T,
    warnings: stringList(envelope['warnings']),
    infos: stringList(envelope['infos']),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
