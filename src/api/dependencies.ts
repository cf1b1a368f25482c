import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Registry } from 'prom-client';
import type { Credentials, SessionServer, TargetMetadata, TargetStatus } from '../ingest/index.ts';
import type { Labels } from '../model/index.ts';
import type { QueryOptions, QueryPool } from '../query/index.ts';
import type { SourceRegistry } from '../sources/index.ts';
import type { Storage } from '../storage/api.ts';
import type { Logger } from '../telemetry/index.ts';
import type { Clock } from '../util/index.ts';
import type { Operators } from './operators.ts';
import type { ApiOptions } from './options.ts';
import type { TlsDependencies } from './tls/tls-listener.ts';

/**
 * Takes requests on the raw sockets, before anything is parsed: pushes, whose bodies and paths the
 * web framework must not touch.
 */
export interface RawHandler {
  /** Answers the request and resolves, never rejects; undefined: the path is not its own. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined;
  /** Takes a request to speak another protocol, or refuses it; false: the path is not its own. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
}

/** What the running program tells of itself and lets be done to it. */
export interface ServerControl {
  readonly build: BuildInfo;
  readonly startTimeMs: number;
  readonly dataDir: string;
  readonly retention: string;
  /** Labels of this server, for what leaves it. */
  externalLabels(): Labels;
  /** The configuration in force as YAML, secrets hidden. */
  configYaml(): string;
  /** Flags as given or by default. */
  flags(): Readonly<Record<string, string>>;
  lastReload(): { readonly success: boolean; readonly timeMs: number };
  isReady(): boolean;
  /** @throws ConfigError and leaves the old configuration in force. */
  reload(): Promise<void>;
}

export interface ApiDependencies {
  readonly options: ApiOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly storage: Storage;
  readonly queries: QueryPool;
  /** Those of the pool. */
  readonly queryOptions: QueryOptions;
  readonly sources: SourceRegistry;
  readonly targets: () => TargetStatus;
  /** Names, in order. */
  readonly scrapePools: () => readonly string[];
  readonly targetMetadata: () => readonly TargetMetadata[];
  /** Sessions of agents; undefined where none are taken. */
  readonly agents?: SessionServer;
  readonly control: ServerControl;
  /** Who may be an agent; undefined where no sessions are taken. */
  readonly credentials?: Credentials;
  /** Who may ask agents and admit them; undefined: no operator has a token. */
  readonly operators?: Operators;
  /** URLs by which agents may reach this collector, the likeliest first. */
  readonly agentUrls?: () => readonly string[];
  /** A second listener, with TLS; undefined has none. */
  readonly tls?: TlsDependencies | undefined;
  /** In the order in which they are asked. */
  readonly rawHandlers: readonly RawHandler[];
  /** Folder of the built web page; undefined serves none. */
  readonly uiDirectory: string | undefined;
}
