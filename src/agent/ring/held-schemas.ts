import type { SchemaChange, Sealed } from '../../formats/tide/index.ts';
import { decodeSchema, encodeSchema, TideFormatError } from '../../formats/tide/index.ts';

/** Of the schemas that are thinned, the newest so many go on saying which series ended. */
const ENDS_KEPT = 64;

interface HeldSchema {
  readonly sealed: Sealed;
  /** As SCHEMA has it: from 1 on, one more with each. */
  readonly version: number;
}

/**
 * The schemas of this epoch, in order. They are needed as long as any batch: without them none can
 * be read. So they stay when the frames around them leave the ring, but only with the series that
 * something held may still be of; what is left of a schema says which version it comes after.
 */
export class HeldSchemas {
  #held: HeldSchema[] = [];
  #version = 0;

  /** Bytes of their payloads. */
  get sizeBytes(): number {
    return this.#held.reduce((sum, { sealed }) => sum + sealed.payload.length, 0);
  }

  get all(): Sealed[] {
    return this.#held.map(({ sealed }) => sealed);
  }

  add(sealed: Sealed): void {
    this.#held.push({ sealed, version: ++this.#version });
  }

  /** Those with a version above this one. */
  after(version: number): Sealed[] {
    const from = this.#held.findIndex((schema) => schema.version > version);
    return from < 0 ? [] : this.#held.slice(from).map(({ sealed }) => sealed);
  }

  /**
   * Leaves out of the schemas numbered below `seqEnd` what is not `known` any more. A series that
   * ended is to be told of to collectors that were away, as far as that is bounded. Returns whether
   * anything changed.
   */
  thin(seqEnd: number, isKnown: (id: number) => boolean): boolean {
    const old = this.#held.findIndex(({ sealed }) => sealed.seq >= seqEnd);
    const oldCount = old < 0 ? this.#held.length : old;
    const thinned: HeldSchema[] = [];
    let dropped = 0;
    for (const [index, held] of this.#held.entries()) {
      const isOld = index < oldCount;
      // What nothing was left out before stays as it is.
      if (!isOld && dropped === 0) return false;
      const last = thinned.at(-1)?.version ?? 0;
      const isNext = held.version === last + 1;
      if (!isOld && isNext) {
        thinned.push(held);
        continue;
      }
      const change = decodeSchema(held.sealed.payload, held.sealed.codec);
      const tellsEnds = !isOld || index >= oldCount - ENDS_KEPT;
      const left = {
        ...change,
        series: isOld ? change.series.filter(({ id }) => isKnown(id)) : change.series,
        tombstones: tellsEnds ? change.tombstones : [],
      };
      dropped += change.series.length - left.series.length;
      dropped += change.tombstones.length - left.tombstones.length;
      const isNewest = index === this.#held.length - 1;
      const isEmpty = left.series.length === 0 && left.tombstones.length === 0;
      if (isEmpty && !isNewest) {
        dropped++;
        continue;
      }
      const packed = encodedAfter(left, last);
      if (packed === undefined) return false;
      thinned.push({ version: held.version, sealed: { ...held.sealed, ...packed } });
    }
    if (dropped === 0) return false;
    this.#held = thinned;
    return true;
  }
}

/** Undefined where it does not fit a frame any more. */
function encodedAfter(change: SchemaChange, after: number) {
  try {
    const { payload, codec } = encodeSchema({ ...change, after });
    return { payload: payload.slice(), codec };
  } catch (error) {
    if (error instanceof TideFormatError) return undefined;
    throw error;
  }
}
