import { excerpt } from '../../model/index.ts';

/** How names that need quotes are written for a reader that does not take them. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** What a scrape may ask for, by the names of the `scrape_protocols` setting. */
export type ScrapeProtocol =
  | 'OpenMetricsText1.0.0'
  | 'OpenMetricsText0.0.1'
  | 'PrometheusText1.0.0'
  | 'PrometheusText0.0.4';

/** In order of preference. */
export const SCRAPE_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

const MEDIA_TYPES: Readonly<Record<ScrapeProtocol, string>> = {
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
};

/** Formats whose writers know the `escaping` parameter. */
const WITH_ESCAPING: ReadonlySet<ScrapeProtocol> = new Set<ScrapeProtocol>([
  'OpenMetricsText1.0.0',
  'PrometheusText1.0.0',
]);

/** The first format weighs 0.6, as Prometheus 3 sends it; each further one 0.1 less. */
const FIRST_WEIGHT_TENTHS = 6;

/**
 * The Accept header of a scrape: the formats in order of preference (at most five), then anything.
 * With the defaults it is that of Prometheus 3 without native histograms.
 */
export function acceptHeader(
  protocols: readonly ScrapeProtocol[] = SCRAPE_PROTOCOLS,
  escaping: EscapingScheme = 'allow-utf-8',
): string {
  let tenths = FIRST_WEIGHT_TENTHS;
  const entries = protocols.map((protocol) => {
    const parameter = WITH_ESCAPING.has(protocol) ? `;escaping=${escaping}` : '';
    return `${MEDIA_TYPES[protocol]}${parameter};q=0.${tenths--}`;
  });
  return [...entries, `*/*;q=0.${tenths}`].join(',');
}

/** The scan that reads a body, or why none does. */
export type ParserChoice =
  | { readonly parser: 'text' | 'openmetrics' }
  | { readonly parser: 'none'; readonly problem: string };

/**
 * Chooses the scan by the Content-Type of an answer or a push, and by nothing else. `text/plain` is
 * the text format whatever its version (some programs send none). Where the header is missing,
 * empty or of another type, `fallback` decides, if there is one: a setting of the target for
 * scrapes, `text` for the Pushgateway's API, whose clients send no header.
 */
export function parserFor(
  contentType: string | undefined,
  fallback?: 'text' | 'openmetrics',
): ParserChoice {
  const mediaType = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (mediaType === 'text/plain') return { parser: 'text' };
  if (mediaType === 'application/openmetrics-text') return { parser: 'openmetrics' };
  if (fallback !== undefined) return { parser: fallback };
  const found = mediaType === '' ? 'no Content-Type' : `Content-Type ${excerpt(contentType ?? '')}`;
  const wanted = 'wanted text/plain or application/openmetrics-text';
  return { parser: 'none', problem: `${found}, ${wanted}` };
}

/** What a reader of our own exposition is to get. */
export interface ExpositionChoice {
  readonly format: 'text' | 'openmetrics';
  readonly escaping: EscapingScheme;
  /** The Content-Type of the answer. */
  readonly contentType: string;
}

const ESCAPING_SCHEMES: ReadonlySet<string> = new Set([
  'allow-utf-8',
  'underscores',
  'dots',
  'values',
]);

/**
 * Chooses the format of an exposition by the reader's Accept header: OpenMetrics where it weighs
 * most, else text 0.0.4 (1.0.0 where asked for by version). Names that need quotes are written so
 * only for a reader that says `escaping=allow-utf-8`.
 */
export function negotiateExposition(accept: string | undefined): ExpositionChoice {
  let best: AcceptEntry | undefined;
  for (const part of (accept ?? '').split(',')) {
    const entry = parseEntry(part);
    if (entry !== undefined && entry.weight > (best?.weight ?? 0)) best = entry;
  }
  const escaping = best?.escaping ?? 'underscores';
  const suffix = best?.escaping === undefined ? '' : `; escaping=${escaping}`;
  if (best?.mediaType === 'application/openmetrics-text') {
    const version = best.version === '1.0.0' ? '1.0.0' : '0.0.1';
    const contentType = `application/openmetrics-text; version=${version}; charset=utf-8${suffix}`;
    return { format: 'openmetrics', escaping, contentType };
  }
  const version = best?.version === '1.0.0' ? '1.0.0' : '0.0.4';
  const contentType = `text/plain; version=${version}; charset=utf-8${suffix}`;
  return { format: 'text', escaping, contentType };
}

interface AcceptEntry {
  readonly mediaType: string;
  readonly version: string;
  readonly escaping: EscapingScheme | undefined;
  readonly weight: number;
}

/** An entry that asks for a format that we write, or for any. */
function parseEntry(text: string): AcceptEntry | undefined {
  const [type, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const known = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    if (equals > 0)
      known.set(parameter.slice(0, equals).trim(), parameter.slice(equals + 1).trim());
  }
  const version = known.get('version') ?? '';
  const weight = Number(known.get('q') ?? '1');
  const escaping = known.get('escaping') ?? '';
  if (!Number.isFinite(weight) || !isWritten(type ?? '', version)) return undefined;
  return {
    mediaType: type ?? '',
    version,
    escaping: ESCAPING_SCHEMES.has(escaping) ? (escaping as EscapingScheme) : undefined,
    weight,
  };
}

function isWritten(mediaType: string, version: string): boolean {
  if (mediaType === 'application/openmetrics-text') {
    return version === '' || version === '0.0.1' || version === '1.0.0';
  }
  if (mediaType === 'text/plain') return ['', '0.0.4', '1.0.0'].includes(version);
  return mediaType === '*/*' || mediaType === 'text/*';
}
