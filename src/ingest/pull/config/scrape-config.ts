import type { EscapingScheme } from '../../../formats/exposition/index.ts';
import type { NameValidation, RelabelConfig } from '../../relabel/index.ts';
import type { ScrapeProtocol } from './scrape-options.ts';
import type { Secret } from './secret.ts';

/** A text given in place, or the path of a file that holds it. */
export type TextOrFile =
  | { readonly text: Secret; readonly file?: undefined }
  | { readonly file: string; readonly text?: undefined };

export interface BasicAuth {
  readonly username: TextOrFile | undefined;
  readonly password: TextOrFile | undefined;
}

export interface Authorization {
  readonly type: string;
  readonly credentials: TextOrFile | undefined;
}

export interface TlsConfig {
  readonly ca: TextOrFile | undefined;
  readonly cert: TextOrFile | undefined;
  readonly key: TextOrFile | undefined;
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
  /** As `node:tls` names them. */
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface HttpHeader {
  readonly name: string;
  readonly values: readonly TextOrFile[];
}

/** How the targets of one scrape configuration are spoken to. */
export interface HttpClientConfig {
  readonly basicAuth: BasicAuth | undefined;
  readonly authorization: Authorization | undefined;
  readonly headers: readonly HttpHeader[];
  readonly tls: TlsConfig;
  readonly followRedirects: boolean;
  /** The agent over whose session targets are scraped; undefined: over HTTP from here. */
  readonly agentId?: string;
}

export interface TargetGroupConfig {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface FileSdConfig {
  /** Absolute, or relative to the working directory; the last part may hold one `*`. */
  readonly files: readonly string[];
  readonly refreshIntervalMs: number;
}

/** What a scrape makes of histograms. */
export interface HistogramConfig {
  /** Native ones are taken; else they are read as the classic ones that they may be beside. */
  readonly native: boolean;
  /** Classic ones also where a native one, sent or made, stands for them. */
  readonly classicToo: boolean;
  /** Classic ones become native ones with custom buckets. */
  readonly customBuckets: boolean;
  /** Of both signs; 0 is no limit. */
  readonly bucketLimit: number;
  /** Finer ones are reduced to that. */
  readonly maxSchema: number;
}

/** A scrape configuration with everything resolved. A limit of 0 is none. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly scrapeProtocols: readonly ScrapeProtocol[];
  readonly fallbackScrapeProtocol: ScrapeProtocol | undefined;
  readonly histograms: HistogramConfig;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  readonly bodySizeLimitBytes: number;
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly keepDroppedTargets: number;
  readonly extraScrapeMetrics: boolean;
  readonly nameValidation: NameValidation;
  readonly nameEscaping: EscapingScheme;
  readonly http: HttpClientConfig;
  readonly staticConfigs: readonly TargetGroupConfig[];
  readonly fileSdConfigs: readonly FileSdConfig[];
  readonly relabelConfigs: readonly RelabelConfig[];
  readonly metricRelabelConfigs: readonly RelabelConfig[];
}
