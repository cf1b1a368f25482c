/**
 * What `GET /api/v1/sources` answers: `{status: 'success', data: SourcesData}`. The collector
 * builds exactly these shapes and the page reads exactly these, so a field changes here first.
 */

/** Life of a source, in order. A source may go back from `late` or `silent` to `live`. */
export type SourceState = 'expected' | 'live' | 'late' | 'silent' | 'ended';

/** Who opens the connection: `pull` is scraped by the collector, `push` sends by itself. */
export type SourceKind = 'pull' | 'push';

/** What is wrong with a source, for people. */
export interface SourceProblem {
  /** Such as `clock`, `missing`, `lost_evicted`. */
  code: string;
  /** RFC 3339; null where nobody knows. */
  since: string | null;
  text: string;
  /** What to do. */
  advice: string;
}

/** One thing that samples come from. */
export interface Source {
  /** Stable over restarts; unique among all sources, pull and push together. */
  id: string;
  kind: SourceKind;
  /** Scrape job for `pull`; protocol or declared job for `push`. */
  name: string;
  /** Labels every sample of this source carries, after relabelling. */
  labels: Record<string, string>;
  state: SourceState;
  /** RFC 3339; null while nothing was heard from the source. */
  lastContact: string | null;
  /** Empty while the last contact succeeded. */
  lastError: string;
  /** Configured or learnt cadence in seconds; null while unknown. */
  intervalSeconds: number | null;
  /** Samples in the last contact. */
  samplesPerContact: number;
  /** Samples accepted since the collector started. */
  samplesTotal: number;
  /** Samples refused since the collector started. */
  rejectedTotal: number;
  /** Duration of the last scrape, or of handling the last push; null while unknown. */
  lastDurationSeconds: number | null;
  /** URL scraped, or remote address and protocol of the sender. */
  endpoint: string;
  /** What is wrong with an agent now or was within a day, what matters most first. */
  problems: SourceProblem[];
}

/** Payload of `GET /api/v1/sources`. */
export interface SourcesData {
  sources: Source[];
}

/** Samples by what became of them; they add up to `scheduled`. */
export type Terms = Record<
  | 'scheduled'
  | 'stored'
  | 'suppressed'
  | 'shed'
  | 'failed'
  | 'rejected'
  | 'missing'
  | 'degraded'
  | 'lost'
  | 'down'
  | 'inFlight',
  number
>;

/** Times of which something is not here. */
export interface CompletenessHole {
  group: number;
  /** RFC 3339; both ends are in it. */
  start: string;
  end: string;
  state: string;
  samples: number;
  /** Why it is lost; null for other states. */
  reason: string | null;
}

/** What `GET /api/v1/completeness` tells of a source, as far as the page shows it. */
export interface CompletenessSource {
  /** As that of the source. */
  id: string;
  class: 'exact' | 'declared' | 'inferred' | 'none';
  completeThrough: string | null;
  /** Of agents both are known. */
  ratios: { intent: number | null; transport: number } | null;
  terms: Terms | null;
  holes: CompletenessHole[];
}

/** Payload of `GET /api/v1/completeness`. */
export interface CompletenessData {
  sources: CompletenessSource[];
}
