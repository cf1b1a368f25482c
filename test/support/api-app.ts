import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { Registry } from 'prom-client';
import {
  type ApiDependencies,
  type ApiOptions,
  apiOptionsSchema,
  createApp,
  type ServerControl,
} from '../../src/api/index.ts';
import { queryTasks } from '../../src/api/tasks/index.ts';
import type { TargetMetadata, TargetStatus } from '../../src/ingest/index.ts';
import { Labels } from '../../src/model/index.ts';
import {
  createQueryPool,
  type QueryOptions,
  type QueryPool,
  type QueryTasks,
  queryOptionsSchema,
  runQueryWorker,
} from '../../src/query/index.ts';
import { SourceRegistry } from '../../src/sources/index.ts';
import type { Queryable, Storage } from '../../src/storage/api.ts';
import { silentLogger } from '../../src/telemetry/index.ts';
import { type Clock, systemClock } from '../../src/util/index.ts';

/** The app over a real store behind a real socket, with queries on this thread. */
export interface TestApi {
  readonly app: ReturnType<typeof createApp>;
  /** What the app was made of. */
  readonly deps: ApiDependencies;
  readonly queries: QueryPool;
  readonly sources: SourceRegistry;
  /** Asks as a client does; paths begin with a slash. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Asks and parses the JSON answer. */
  json(path: string, init?: RequestInit): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export interface TestApiOptions {
  readonly storage: Storage;
  readonly options?: Partial<ApiOptions>;
  readonly query?: Partial<QueryOptions>;
  readonly clock?: Clock;
  readonly control?: Partial<ServerControl>;
  readonly targets?: TargetStatus;
  readonly scrapePools?: readonly string[];
  readonly targetMetadata?: readonly TargetMetadata[];
}

const NO_TARGETS: TargetStatus = {
  activeTargets: [],
  droppedTargets: [],
  droppedTargetCounts: {},
};

/** Builds the app as the collector does, with the parts that a test does not give made up. */
export function createTestApi(given: TestApiOptions): TestApi {
  const { storage } = given;
  const clock = given.clock ?? systemClock;
  const queries = createLocalPool(storage, given.query);
  const sources = new SourceRegistry({ clock });
  const deps: ApiDependencies = {
    options: { ...apiOptionsSchema.parse({}), ...given.options },
    clock,
    logger: silentLogger,
    registry: new Registry(),
    storage,
    queries,
    queryOptions: queryOptionsSchema.parse({ ...given.query }),
    sources,
    targets: () => given.targets ?? NO_TARGETS,
    scrapePools: () => given.scrapePools ?? [],
    targetMetadata: () => given.targetMetadata ?? [],
    control: { ...control(clock), ...given.control },
    rawHandlers: [],
    uiDirectory: undefined,
  };
  const app = createApp(deps);
  const server = createServer((request, response) => void app(request, response));
  let listening: Promise<string> | undefined;
  const ask = async (path: string, init?: RequestInit): Promise<Response> => {
    listening ??= listen(server);
    return fetch(`${await listening}${path}`, init);
  };
  return {
    app,
    deps,
    queries,
    sources,
    fetch: ask,
    async json(path, init) {
      const response = await ask(path, init);
      return { status: response.status, body: await response.json() };
    },
    async close() {
      if (listening !== undefined) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await queries.close();
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A pool whose one worker lives on this thread and reads the store itself. */
export function createLocalPool(
  queryable: Queryable,
  options: Partial<QueryOptions> = {},
  tasks: QueryTasks = queryTasks,
): QueryPool {
  const queryOptions = queryOptionsSchema.parse({ workers: 1, ...options });
  return createQueryPool({
    options: queryOptions,
    entry: new URL('file:///none'),
    workerHandle: () => ({ message: undefined, transfer: [] }),
    startThread: (events) => {
      const { port1, port2 } = new MessageChannel();
      port1.on('message', (message: Parameters<typeof events.message>[0]) =>
        events.message(message),
      );
      runQueryWorker(port2, { store: undefined, options: queryOptions }, () => queryable, tasks);
      return {
        post: (message) => port1.postMessage(message),
        terminate: async () => {
          port1.close();
          events.gone(new Error('terminated'));
        },
      };
    },
  });
}

function control(clock: Clock): ServerControl {
  const startTimeMs = clock.now();
  return {
    build: { version: '1.2.3', revision: 'abc' },
    startTimeMs,
    dataDir: '/data',
    retention: '15d',
    externalLabels: () => Labels.EMPTY,
    configYaml: () => 'global: {}\n',
    flags: () => ({ listen: '127.0.0.1:9095' }),
    lastReload: () => ({ success: true, timeMs: startTimeMs }),
    isReady: () => true,
    reload: () => Promise.resolve(),
  };
}
