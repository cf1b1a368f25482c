import type {
  PayloadCodec,
  RejectReason,
  SchemaChange,
  SchemaSeries,
  Sealed,
} from '../../formats/tide/index.ts';
import { decodeSchema, encodeSchema, seriesKey } from '../../formats/tide/index.ts';
import { Labels } from '../../model/index.ts';
import { NO_SERIES, type Storage } from '../../storage/api.ts';
import { type AgentSeries, isSameKey } from './agent-series.ts';
import { EpochSeries } from './epoch-series.ts';
import {
  AGENT_LABEL,
  agentLabels,
  INSTANCE_LABEL,
  type LifeSeries,
  lifeSeries,
} from './liveness.ts';
import type { StateChange } from './session-output.ts';

/** Kind of the keys under which schema changes are kept in the store's keyed state. */
const SCHEMA_STATE_PREFIX = 'tide-schema/';

const EXPORTED_AGENT_LABEL = 'exported_agent';

/**
 * Series that ended are kept, as many as go on or at least so many: batches from before their end
 * may still come by repair. Beyond it half of them are forgotten, the oldest ones.
 */
const ENDED_KEPT_MIN = 4096;

interface EpochSchema {
  readonly epoch: number;
  version: number;
  /** Those that have not ended. */
  liveCount: number;
  /** Some series were left out or forgotten, as there were too many. */
  isCut: boolean;
  /** Ids of those that have ended, the first that did first. */
  ended: number[];
  /** Time of the newest sample of those that are forgotten; -Infinity for none. */
  forgottenMs: number;
  /** By group: those with a sample stored by this process, and no marker behind it. */
  readonly activeCounts: Map<number, number>;
  readonly series: EpochSeries;
}

/**
 * The schemas of one agent by epoch: what its series ids stand for. What SCHEMA frames brought is
 * kept in the store as it came, so that a restart knows it too, and read when it is needed.
 */
export class SchemaCatalog {
  readonly agentId: string;
  readonly #storage: Storage;
  readonly #maxSeries: number;
  readonly #epochs = new Map<number, EpochSchema>();
  #enforced = Labels.EMPTY;
  /** What stands on every series, and on those that bring no instance of their own. */
  #added = Labels.EMPTY;
  #addedWithInstance = Labels.EMPTY;
  /** What the collector itself writes of this agent. */
  #life: LifeSeries;

  constructor(agentId: string, storage: Storage, maxSeries: number) {
    this.agentId = agentId;
    this.#storage = storage;
    this.#maxSeries = maxSeries;
    this.#life = lifeSeries(agentLabels(agentId, Labels.EMPTY));
    this.#add(Labels.EMPTY);
  }

  /** Labels that stand on every series from now on. */
  enforce(labels: Labels): void {
    if (labels.equals(this.#enforced)) return;
    this.#add(labels);
    this.#epochs.clear();
  }

  /** What an id stands for; undefined where no schema that is stored or applied names it. */
  find(epoch: number, id: number): AgentSeries | undefined {
    return this.#epoch(epoch).series.get(id);
  }

  /** All that an epoch's ids stand for, by id; good until the next frame is applied. */
  seriesOf(epoch: number): EpochSeries {
    return this.#epoch(epoch).series;
  }

  /** Why samples of an id that stands for nothing are not stored. */
  unnamedReason(epoch: number): RejectReason {
    const { isCut, liveCount } = this.#epoch(epoch);
    return isCut || liveCount >= this.#maxSeries ? 'LIMIT' : 'SCHEMA';
  }

  /** Time of the newest sample of a series that is forgotten, as far as that is known. */
  forgottenMs(epoch: number): number {
    return this.#epoch(epoch).forgottenMs;
  }

  /** How many series of a group go on, as far as this process has stored samples of them. */
  activeCount(epoch: number, group: number): number {
    return this.#epoch(epoch).activeCounts.get(group) ?? 0;
  }

  /** The newest sample of a series is stored. */
  advance(series: AgentSeries, lastMs: number, isStale: boolean): void {
    series.lastMs = lastMs;
    if (series.isStale === isStale) return;
    series.isStale = isStale;
    if (!series.ended) activate(this.#epoch(series.epoch), series.group, isStale ? -1 : 1);
  }

  /** Every series of the epochs before this one. */
  *earlier(epoch: number): IterableIterator<AgentSeries> {
    const prefix = `${SCHEMA_STATE_PREFIX}${this.agentId}/`;
    const epochs = new Set<number>();
    for (const key of this.#storage.state(prefix).keys()) {
      epochs.add(Number.parseInt(key.slice(prefix.length), 10));
    }
    for (const earlier of epochs) {
      if (earlier < epoch) yield* this.#epoch(earlier).series.values();
    }
  }

  /** Every series of an epoch that has not ended. */
  live(epoch: number): AgentSeries[] {
    return [...this.#epoch(epoch).series.values()].filter(({ ended }) => !ended);
  }

  /** Whether a change has to be kept: not where there is no room for any of its series. */
  isKept(epoch: number, change: SchemaChange): boolean {
    return change.tombstones.length > 0 || this.#epoch(epoch).liveCount < this.#maxSeries;
  }

  /**
   * Takes a change in, but for series beyond those that an agent may have: samples of these are of
   * no series. Returns the series that ended with it. A version known is nothing new.
   */
  apply(epoch: number, change: SchemaChange): AgentSeries[] {
    const schema = this.#epoch(epoch);
    return change.version <= schema.version ? [] : this.#apply(schema, change);
  }

  /**
   * Forgets series of an epoch that ended long ago, where there are too many: samples of them that
   * still come are of no series. What the store's state is to be without them, to be written.
   */
  prune(epoch: number): StateChange[] {
    const schema = this.#epoch(epoch);
    const most = Math.max(ENDED_KEPT_MIN, schema.liveCount);
    if (schema.ended.length <= most) return [];
    const forgotten = new Set(schema.ended.splice(0, schema.ended.length - (most >>> 1)));
    for (const id of forgotten) {
      const { lastMs } = schema.series.get(id) ?? { lastMs: Number.NEGATIVE_INFINITY };
      schema.forgottenMs = Math.max(schema.forgottenMs, lastMs);
    }
    schema.series.drop(forgotten);
    schema.isCut = true;
    return [...this.#without(schema, forgotten)];
  }

  /** The changes that are kept of an epoch, as far as they speak of some series, without these. */
  *#without({ epoch, version }: EpochSchema, ids: ReadonlySet<number>): Iterable<StateChange> {
    for (const [key, value] of this.#storage.state(this.#prefix(epoch))) {
      const change = decodeState(value);
      const series = change.series.filter(({ id }) => !ids.has(id));
      const tombstones = change.tombstones.filter((id) => !ids.has(id));
      const dropped = change.series.length + change.tombstones.length;
      if (series.length + tombstones.length === dropped) continue;
      // The newest tells, after a restart, which version is known.
      const isEmpty = series.length + tombstones.length === 0 && change.version < version;
      if (isEmpty) {
        yield { key, value: undefined };
        continue;
      }
      const packed = encodeSchema({ ...change, series, tombstones }, value[0] as PayloadCodec);
      yield { key, value: encodeState(packed.codec, packed.payload) };
    }
  }

  /** Key and value that keep a SCHEMA frame in the store. */
  stateOf({ epoch, codec, payload }: Sealed, version: number): { key: string; value: Uint8Array } {
    return { key: `${this.#prefix(epoch)}${version}`, value: encodeState(codec, payload) };
  }

  /** Forgets an epoch that nothing can come of any more; the keys of its state, to be removed. */
  forget(epoch: number): string[] {
    this.#epochs.delete(epoch);
    return [...this.#storage.state(this.#prefix(epoch)).keys()];
  }

  /** What was applied so far is in the store: labels can be read from there again. */
  stored(): void {
    for (const { series } of this.#epochs.values()) series.releaseLabels();
  }

  /** A write failed: what it brought is read from the store again, where it is not. */
  reload(): void {
    this.#epochs.clear();
  }

  #prefix(epoch: number): string {
    return `${SCHEMA_STATE_PREFIX}${this.agentId}/${epoch}/`;
  }

  #epoch(epoch: number): EpochSchema {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const series = new EpochSeries(epoch, () => this.#recallLabels(epoch, series));
    const schema: EpochSchema = {
      epoch,
      version: 0,
      liveCount: 0,
      isCut: false,
      ended: [],
      forgottenMs: Number.NEGATIVE_INFINITY,
      activeCounts: new Map(),
      series,
    };
    this.#epochs.set(epoch, schema);
    for (const change of this.#changes(epoch)) {
      // What was not kept had no series that there was room for, or only such as are forgotten.
      if ((change.after ?? change.version - 1) > schema.version) schema.isCut = true;
      this.#apply(schema, change);
    }
    return schema;
  }

  /** What is kept of an epoch, the first change first. */
  #changes(epoch: number): SchemaChange[] {
    const changes = [...this.#storage.state(this.#prefix(epoch)).values()].map(decodeState);
    return changes.sort((a, b) => a.version - b.version);
  }

  /** The labels of all series of an epoch, out of what is kept of it. */
  #recallLabels(epoch: number, series: EpochSeries): void {
    for (const change of this.#changes(epoch)) {
      for (const { id, labels } of change.series) {
        series.setLabels(id, seriesKey(labels), () => this.#labelsOf(labels));
      }
    }
  }

  #apply(schema: EpochSchema, change: SchemaChange): AgentSeries[] {
    for (const one of change.series) {
      const known = schema.series.get(one.id);
      if (known !== undefined) contradict(known, one);
      else if (schema.liveCount >= this.#maxSeries) schema.isCut = true;
      else this.#name(schema, one);
    }
    const ended: AgentSeries[] = [];
    for (const id of change.tombstones) {
      const series = schema.series.get(id);
      if (series === undefined || series.ended) continue;
      ended.push(series);
      schema.ended.push(id);
      if (!series.isStale) activate(schema, series.group, -1);
      series.ended = true;
      schema.liveCount--;
    }
    schema.version = change.version;
    return ended;
  }

  #name(schema: EpochSchema, { id, labels, group, family, type }: SchemaSeries): void {
    const own = this.#labelsOf(labels);
    const identity = { labels: own, key: seriesKey(labels), group };
    // Classic ones have a series for each bucket, none of which has the family's own name.
    const isHistogram = type.endsWith('histogram') && labels.metricName === family;
    const series = schema.series.set(id, identity, isHistogram);
    if (own.equals(this.#life.up) || own.equals(this.#life.alive)) series.refused = 'FORBIDDEN';
    schema.liveCount++;
  }

  #add(enforced: Labels): void {
    this.#enforced = enforced;
    this.#life = lifeSeries(agentLabels(this.agentId, enforced));
    this.#added = Labels.fromPairs([AGENT_LABEL, this.agentId]).withAll(enforced);
    const instance = Labels.fromPairs([INSTANCE_LABEL, this.agentId]);
    this.#addedWithInstance = instance.withAll(this.#added);
  }

  #labelsOf(labels: Labels): Labels {
    const own = labels.get(AGENT_LABEL);
    const exported =
      own === '' || own === this.agentId ? labels : labels.with(EXPORTED_AGENT_LABEL, own);
    return exported.withAll(labels.has(INSTANCE_LABEL) ? this.#added : this.#addedWithInstance);
  }
}

/** A SCHEMA frame as it is kept: how its payload is compressed, then that. */
function encodeState(codec: PayloadCodec, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(payload.length + 1);
  value[0] = codec;
  value.set(payload, 1);
  return value;
}

function decodeState(value: Uint8Array): SchemaChange {
  return decodeSchema(value.subarray(1), value[0] as PayloadCodec);
}

function activate({ activeCounts }: EpochSchema, group: number, by: 1 | -1): void {
  activeCounts.set(group, (activeCounts.get(group) ?? 0) + by);
}

/** An id is given again: to what it stands for, or to another series, and then to neither. */
function contradict(known: AgentSeries, { labels, group }: SchemaSeries): void {
  if (isSameKey(seriesKey(labels), known.key) && group === known.group) return;
  known.refused = 'SCHEMA';
  known.ref = NO_SERIES;
}
