/** How names that need quotes may be written for a reader that does not take them. */
export const ESCAPING_SCHEMES = ['allow-utf-8', 'underscores', 'dots', 'values'] as const;
export type EscapingScheme = (typeof ESCAPING_SCHEMES)[number];

/** What a reader of our own exposition is to get. */
export interface ExpositionChoice {
  readonly format: 'text' | 'openmetrics';
  readonly escaping: EscapingScheme;
  /** The Content-Type of the answer. */
  readonly contentType: string;
}

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
    escaping: ESCAPING_SCHEMES.find((scheme) => scheme === escaping),
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
