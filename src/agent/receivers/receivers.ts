import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../model/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { CancelTimer, Clock } from '../../util/index.ts';
import { AgentSetupError } from '../errors.ts';
import type { RingIntake } from '../runtime/ring-intake.ts';
import type { UnsentCounts } from '../sampling/scrape-source.ts';
import { GroupFiles, type GroupFilesOptions } from './group-files.ts';
import { isLoopback, parseListenAddress } from './listen-address.ts';
import type { ReceiversOptions } from './receivers-options.ts';
import type { OpenPushProtocols, PushProtocols } from './push-protocols.ts';
import { ReceivedSeries } from './received-series.ts';
import type { ReceiverMetrics } from './receiver-metrics.ts';
import { RingAppender } from './ring-appender.ts';

const CONNECTIONS_MAX = 256;
const FORGET_MS = 60_000;
/** For pushes under way when the agent stops. */
const CLOSE_MS = 2000;

const WHAT_IS_TAKEN = `Pushes are taken here, and nothing is served:
  POST /api/v1/push?job=NAME               text format or OpenMetrics
  PUT, POST, DELETE /metrics/job/NAME...   as a Pushgateway takes them
  POST /api/v1/write                       remote write 1.0
`;

export interface ReceiversDependencies {
  readonly options: ReceiversOptions;
  readonly intake: RingIntake;
  /** Nothing older is kept in the ring. */
  readonly maxAgeMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Where pushed groups are kept; undefined keeps them in memory. */
  readonly disk: GroupFilesOptions | undefined;
  readonly openProtocols: OpenPushProtocols;
  readonly metrics: ReceiverMetrics;
  readonly unsent: UnsentCounts;
}

/** Takes pushes of programs on this host into the agent's ring. */
export class Receivers {
  readonly #server: Server;
  readonly #protocols: PushProtocols;
  readonly #series: ReceivedSeries;
  readonly #clock: Clock;
  #cancelForget: CancelTimer = () => {};
  #hasUnsent = false;

  private constructor(dependencies: ReceiversDependencies, groups: GroupFiles) {
    const { options, intake, clock, logger, version, metrics, unsent, maxAgeMs } = dependencies;
    this.#clock = clock;
    const series = new ReceivedSeries(intake, options.series_limit);
    this.#series = series;
    metrics.seriesCount = () => series.size;
    const onHistogramsUnsent = (count: number): void => {
      if (!this.#hasUnsent) logger.warn({}, 'the collector takes no native histograms');
      this.#hasUnsent = true;
      unsent.histograms += count;
    };
    const onExemplars = (count: number): void => {
      unsent.exemplars += count;
    };
    const appenderOptions = {
      ...{ intake, series, groups, maxAgeMs, now: () => clock.now() },
      ...{ onHistogramsUnsent, onExemplars },
    };
    this.#protocols = dependencies.openProtocols({
      store: {
        appender: () => new RingAppender(appenderOptions),
        state: (keyPrefix) => groups.under(keyPrefix),
      },
      ...{ clock, logger, metrics, version },
      maxBodyBytes: options.max_body_bytes,
      maxInFlightBytes: options.max_in_flight_bytes,
      bodyTimeoutMs: options.body_timeout_ms,
      retryAfterSeconds: options.retry_after_seconds,
      resampleMs: options.pushgateway_resample_ms,
    });
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /**
   * Listens at `options.listen` and begins to take pushes.
   * @throws AgentSetupError where it cannot.
   */
  static async open(dependencies: ReceiversDependencies): Promise<Receivers> {
    const groups = await GroupFiles.open(dependencies.logger, dependencies.disk);
    const receivers = new Receivers(dependencies, groups);
    await receivers.#listen(dependencies.options);
    return receivers;
  }

  /** As `http://ADDRESS:PORT`. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** Samples what is held of groups, and goes on doing so. Call it when the agent samples. */
  async start(): Promise<void> {
    await this.#protocols.start();
    this.#armForget();
  }

  /** Stops listening, and finishes what is under way. Call it before the ring closes. */
  async close(): Promise<void> {
    this.#cancelForget();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(CLOSE_MS, () => this.#server.closeAllConnections());
      this.#server.close(() => {
        cancel();
        resolve();
      });
    });
    await this.#protocols.close();
  }

  async #listen({ listen = '', allow_remote: allowRemote }: ReceiversOptions): Promise<void> {
    const address = parseListenAddress(listen);
    if (address === undefined) {
      throw new AgentSetupError(`receivers.listen ${listen}, want ADDRESS:PORT`);
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const text = `receivers.listen ${listen} cannot be listened on: ${messageOf(cause)}`;
        reject(new AgentSetupError(text, { cause }));
      });
      this.#server.listen({ ...address, exclusive: true }, resolve);
    });
    const { address: bound } = this.#server.address() as AddressInfo;
    if (allowRemote || isLoopback(bound)) return;
    this.#server.close();
    throw new AgentSetupError(
      `receivers.listen ${listen} stands for ${bound}, which other hosts reach: want a loopback ` +
        'address such as 127.0.0.1:9091, or allow_remote: true',
    );
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    // A page in a browser on this host can reach what listens on it, and must not push.
    if (request.headers.origin !== undefined) {
      answer(response, 403, 'pages in a browser may not push here\n');
      return;
    }
    if (this.#protocols.handle(request, response) === undefined) {
      answer(response, 404, WHAT_IS_TAKEN);
    }
  }

  #armForget(): void {
    this.#cancelForget = this.#clock.setTimer(FORGET_MS, () => {
      this.#series.forgetIdle(this.#clock.now());
      this.#armForget();
    });
  }
}

function answer(response: ServerResponse, statusCode: number, body: string): void {
  response.writeHead(statusCode, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}
