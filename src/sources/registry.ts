import { Labels } from '../model/index.ts';
import type { Clock } from '../util/index.ts';
import { Cadence } from './cadence.ts';
import type { Source, SourceContact, SourceDescription, SourceState } from './source.ts';

/** A source is late when its next contact is overdue by half an interval. */
const LATE_INTERVALS = 1.5;

/** After so many intervals without a contact a source is silent. */
const SILENT_INTERVALS = 4;

/** Assumed of a source whose interval is neither declared nor learnt yet. */
const UNKNOWN_INTERVAL_MS = 60_000;

const DEFAULT_MAX_PUSH_SOURCES = 10_000;

export interface SourceRegistryOptions {
  readonly clock: Clock;
  /** Pushing sources remembered at most; 10,000 unless told. */
  readonly maxPushSources?: number;
}

interface Entry {
  description: SourceDescription;
  readonly cadence: Cadence | undefined;
  readonly firstSeenMs: number;
  readonly firstSeenMonotonicMs: number;
  lastContactMs: number | undefined;
  /** Monotonic; of any contact for a push, of a successful one for a pull. */
  lastHeardMs: number | undefined;
  lastDurationMs: number | undefined;
  lastError: string;
  contactsTotal: number;
  failuresTotal: number;
  lastSamples: number;
  samplesTotal: number;
  rejectedTotal: number;
  ended: boolean;
}

/** The id of the source that pushes with `protocol` from `address` (without port). */
export function pushSourceId(protocol: string, address: string): string {
  return `push/${protocol}/${address}`;
}

/**
 * Everything that samples come from, pulled and pushed alike, and what is known of it. The state
 * is not kept but derived from the clock when asked for, so a source needs no timer. A contact
 * costs a few map operations. Pull sources are bounded by the configuration that names them;
 * pushing ones, which anybody can make, by `maxPushSources`.
 */
export class SourceRegistry {
  readonly #clock: Clock;
  readonly #maxPushSources: number;
  readonly #pull = new Map<string, Entry>();
  // In order of last contact, oldest first, so that the one to evict is found at once.
  readonly #push = new Map<string, Entry>();
  readonly #endedPush = new Set<string>();

  constructor(options: SourceRegistryOptions) {
    this.#clock = options.clock;
    this.#maxPushSources = options.maxPushSources ?? DEFAULT_MAX_PUSH_SOURCES;
  }

  /** Number of sources known. */
  get size(): number {
    return this.#pull.size + this.#push.size;
  }

  /**
   * Declares a source, or describes a known one anew; its counts and contacts stay. A source that
   * had ended is expected again.
   */
  expect(description: SourceDescription): void {
    const known = this.#find(description.id);
    if (known === undefined) {
      this.#add(description);
      return;
    }
    known.description = description;
    this.#revive(description.id, known);
  }

  /** Records a scrape or push of a known source; unknown ids are ignored. */
  contact(id: string, contact: SourceContact): void {
    const entry = this.#find(id);
    if (entry !== undefined) this.#record(id, entry, contact);
  }

  /** Records a push, and makes its source at the first one. `address` is without port. */
  contactPush(protocol: string, address: string, contact: SourceContact): void {
    const id = pushSourceId(protocol, address);
    const entry =
      this.#push.get(id) ??
      this.#add({
        id,
        kind: 'push',
        name: protocol,
        labels: Labels.EMPTY,
        endpoint: `${address} (${protocol})`,
      });
    this.#record(id, entry, contact);
  }

  /** The source left in good order, or is no longer configured; it is shown as ended. */
  end(id: string): void {
    const entry = this.#find(id);
    if (entry === undefined) return;
    entry.ended = true;
    if (entry.description.kind === 'push') this.#endedPush.add(id);
  }

  /** Forgets a source. */
  remove(id: string): void {
    this.#pull.delete(id);
    this.#push.delete(id);
    this.#endedPush.delete(id);
  }

  get(id: string): Source | undefined {
    const entry = this.#find(id);
    return entry === undefined ? undefined : this.#show(entry);
  }

  /** A snapshot: pull sources in order of declaration, then pushing ones by last contact. */
  list(): Source[] {
    const sources: Source[] = [];
    for (const entry of this.#pull.values()) sources.push(this.#show(entry));
    for (const entry of this.#push.values()) sources.push(this.#show(entry));
    return sources;
  }

  #find(id: string): Entry | undefined {
    return this.#pull.get(id) ?? this.#push.get(id);
  }

  #add(description: SourceDescription): Entry {
    const entry: Entry = {
      description,
      cadence: description.intervalMs === undefined ? new Cadence() : undefined,
      firstSeenMs: this.#clock.now(),
      firstSeenMonotonicMs: this.#clock.monotonic(),
      lastContactMs: undefined,
      lastHeardMs: undefined,
      lastDurationMs: undefined,
      lastError: '',
      contactsTotal: 0,
      failuresTotal: 0,
      lastSamples: 0,
      samplesTotal: 0,
      rejectedTotal: 0,
      ended: false,
    };
    if (description.kind === 'pull') {
      this.#pull.set(description.id, entry);
    } else {
      this.#makeRoom();
      this.#push.set(description.id, entry);
    }
    return entry;
  }

  #makeRoom(): void {
    if (this.#push.size < this.#maxPushSources) return;
    const victim = first(this.#endedPush) ?? first(this.#push.keys());
    if (victim !== undefined) this.remove(victim);
  }

  #record(id: string, entry: Entry, contact: SourceContact): void {
    const monotonicMs = this.#clock.monotonic();
    const failed = contact.error !== undefined;
    entry.lastContactMs = this.#clock.now();
    // A refused push still shows a sender at work; a failed scrape shows nothing of the target.
    if (!failed || entry.description.kind === 'push') entry.lastHeardMs = monotonicMs;
    entry.lastDurationMs = contact.durationMs;
    entry.lastError = contact.error ?? '';
    entry.contactsTotal++;
    if (failed) entry.failuresTotal++;
    entry.lastSamples = contact.samples;
    entry.samplesTotal += contact.samples;
    entry.rejectedTotal += contact.rejected;
    entry.cadence?.contact(monotonicMs);
    this.#revive(id, entry);
    if (entry.description.kind === 'push' && this.#push.delete(id)) this.#push.set(id, entry);
  }

  #revive(id: string, entry: Entry): void {
    entry.ended = false;
    this.#endedPush.delete(id);
  }

  #show(entry: Entry): Source {
    const { id, kind, name, labels, endpoint } = entry.description;
    const intervalMs = entry.description.intervalMs ?? entry.cadence?.intervalMs;
    return {
      id,
      kind,
      name,
      labels,
      endpoint,
      state: this.#stateOf(entry, intervalMs ?? UNKNOWN_INTERVAL_MS),
      firstSeenMs: entry.firstSeenMs,
      lastContactMs: entry.lastContactMs,
      lastDurationMs: entry.lastDurationMs,
      lastError: entry.lastError,
      contactsTotal: entry.contactsTotal,
      failuresTotal: entry.failuresTotal,
      intervalMs,
      lastSamples: entry.lastSamples,
      samplesTotal: entry.samplesTotal,
      rejectedTotal: entry.rejectedTotal,
    };
  }

  #stateOf(entry: Entry, intervalMs: number): SourceState {
    if (entry.ended) return 'ended';
    if (entry.lastContactMs === undefined) return 'expected';
    const heardMs = entry.lastHeardMs ?? entry.firstSeenMonotonicMs;
    const quietMs = this.#clock.monotonic() - heardMs;
    if (quietMs > SILENT_INTERVALS * intervalMs) return 'silent';
    const overdue = quietMs > LATE_INTERVALS * intervalMs;
    return overdue || entry.lastError !== '' ? 'late' : 'live';
  }
}

function first(keys: Iterable<string>): string | undefined {
  for (const key of keys) return key;
  return undefined;
}
