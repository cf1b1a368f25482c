import type { Labels } from '../model/index.ts';

export type SourceKind = 'pull' | 'push';

/**
 * The life of a source. `expected`: known (configured, discovered, declared) but never heard of.
 * `live`: heard of within its interval. `late`: the last contact failed, or is overdue.
 * `silent`: overdue by several intervals. `ended`: left in good order, or was taken out.
 */
export type SourceState = 'expected' | 'live' | 'late' | 'silent' | 'ended';

/** Anything that samples come from, scraped or pushing, as the registry shows it. */
export interface Source {
  /** Stable and unique, e.g. `pull/JOB/URL`, `push/remote-write/ADDRESS`. */
  readonly id: string;
  readonly kind: SourceKind;
  /** Job or scrape pool, or the protocol of a push. */
  readonly name: string;
  readonly labels: Labels;
  /** URL scraped, or remote address and protocol. */
  readonly endpoint: string;
  readonly state: SourceState;
  readonly firstSeenMs: number;
  readonly lastContactMs: number | undefined;
  readonly lastDurationMs: number | undefined;
  /** '' where the last contact went well. */
  readonly lastError: string;
  /** Declared (scrape interval) or learnt from contacts; undefined while unknown. */
  readonly intervalMs: number | undefined;
  /** Scrapes or pushes in this process, and those of them that failed. */
  readonly contactsTotal: number;
  readonly failuresTotal: number;
  /** Samples of the last contact. */
  readonly lastSamples: number;
  readonly samplesTotal: number;
  readonly rejectedTotal: number;
}

export interface SourceDescription {
  readonly id: string;
  readonly kind: SourceKind;
  readonly name: string;
  readonly labels: Labels;
  readonly endpoint: string;
  readonly intervalMs?: number;
}

/** What one contact (a scrape, a push) brought. */
export interface SourceContact {
  readonly samples: number;
  readonly rejected: number;
  readonly durationMs: number;
  /** Set when the contact failed; the text is for people. */
  readonly error?: string;
}
