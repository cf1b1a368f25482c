import type { EscapingScheme } from '../../../formats/exposition/index.ts';
import type { ScrapeConfig } from '../config/scrape-config.ts';
import type { ScrapeProtocol } from '../config/scrape-options.ts';

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  PrometheusProto:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

/** Prometheus counts its weights down from the number of protocols that it knows, plus one. */
const FIRST_WEIGHT = 6;

/** The Accept header for these protocols, best first. */
export function acceptHeader(
  protocols: readonly ScrapeProtocol[],
  escaping: EscapingScheme,
): string {
  const parts = protocols.map((protocol, index) => {
    const escapes = protocol.endsWith('Text1.0.0') ? `;escaping=${escaping}` : '';
    return `${MEDIA_TYPES[protocol]}${escapes};q=0.${FIRST_WEIGHT - index}`;
  });
  return [...parts, `*/*;q=0.${FIRST_WEIGHT - protocols.length}`].join(',');
}

/** Headers of every scrape of a target, except those that carry credentials. */
export function scrapeHeaders(
  config: ScrapeConfig,
  timeoutMs: number,
  userAgent: string,
): Readonly<Record<string, string>> {
  return {
    accept: acceptHeader(config.scrapeProtocols, config.nameEscaping),
    'accept-encoding': config.enableCompression ? 'gzip' : 'identity',
    'user-agent': userAgent,
    'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000),
  };
}
