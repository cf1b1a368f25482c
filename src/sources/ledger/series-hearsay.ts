import type { ByteReader, ByteWriter } from '../../util/index.ts';

interface Heard {
  seriesCount: number;
  /** A schema of this epoch said so, not one of another. */
  isOwn: boolean;
  /** The newest tick that the agent says is done; -1 for none. */
  tick: number;
}

/**
 * What is known of an epoch's groups before any batch of theirs came: how many series the schema
 * has of each, and how far the agent says to have got. It counts what is missing until a batch
 * tells better.
 */
export class SeriesHearsay {
  readonly #groups = new Map<number, Heard>();
  /** Newest schema of this epoch that is counted. */
  #version = 0;

  get size(): number {
    return this.#groups.size;
  }

  seriesOf(group: number): number {
    return this.#groups.get(group)?.seriesCount ?? 0;
  }

  /** -1 where nothing was heard. */
  tickOf(group: number): number {
    return this.#groups.get(group)?.tick ?? -1;
  }

  /**
   * A schema of this epoch brought series of these groups, each named once for each series. One
   * that came again says nothing new.
   */
  addOwn(version: number, groups: Iterable<number>): void {
    if (version <= this.#version) return;
    this.#version = version;
    for (const group of groups) {
      const heard = this.#heard(group);
      heard.seriesCount = heard.isOwn ? heard.seriesCount + 1 : 1;
      heard.isOwn = true;
    }
  }

  /** What another epoch is known to have is assumed here, where nothing better is known. */
  assume(other: SeriesHearsay): void {
    for (const [group, { seriesCount }] of other.#groups) {
      const heard = this.#heard(group);
      if (!heard.isOwn) heard.seriesCount = seriesCount;
    }
  }

  heardTick(group: number, tick: number): void {
    const heard = this.#heard(group);
    heard.tick = Math.max(heard.tick, tick);
  }

  /** All that `other` has, in place of what is here. */
  take(other: SeriesHearsay): void {
    this.#version = other.#version;
    this.#groups.clear();
    for (const [group, heard] of other.#groups) this.#groups.set(group, { ...heard });
  }

  encode(writer: ByteWriter): void {
    writer.uint(this.#version);
    writer.uint(this.#groups.size);
    for (const [group, { seriesCount, isOwn, tick }] of this.#groups) {
      writer.uint(group);
      writer.uint(2 * seriesCount + (isOwn ? 1 : 0));
      writer.uint(tick + 1);
    }
  }

  static decode(reader: ByteReader): SeriesHearsay {
    const hearsay = new SeriesHearsay();
    hearsay.#version = reader.uint();
    for (let left = reader.uint(); left > 0; left--) {
      const group = reader.uint();
      const series = reader.uint();
      const tick = reader.uint() - 1;
      const seriesCount = Math.floor(series / 2);
      hearsay.#groups.set(group, { seriesCount, isOwn: series % 2 === 1, tick });
    }
    return hearsay;
  }

  #heard(group: number): Heard {
    let heard = this.#groups.get(group);
    if (heard === undefined) {
      heard = { seriesCount: 0, isOwn: false, tick: -1 };
      this.#groups.set(group, heard);
    }
    return heard;
  }
}
