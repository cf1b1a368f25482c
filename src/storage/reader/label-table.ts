import { Labels } from '../../model/index.ts';
import { compareUtf8 } from '../../util/index.ts';
import type { MemSeries } from '../head/mem-series.ts';
import type { SeriesTable } from '../head/series-table.ts';
import type { TextTableData } from './text-table.ts';
import { readTextTable, TextTableBuilder } from './text-table.ts';

/** Label sets as buffers: each different text once. */
export interface LabelTableData {
  readonly texts: TextTableData;
  /** The texts of set i (name, value, …) are `textIds[offsets[i], offsets[i + 1])`. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly textIds: Uint32Array<ArrayBuffer>;
}

/** Collects the label sets of series, over several turns of the event loop if need be. */
export class LabelTableBuilder {
  readonly #table: SeriesTable;
  readonly #texts = new TextTableBuilder();
  // A symbol of a series that is not dropped keeps its id, so what was entered stays right.
  #bySymbol = new Map<number, number>();
  #byText = new Map<string, number>();
  #offsets: number[] = [0];
  #textIds: number[] = [];

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  add(series: MemSeries): void {
    if (series.droppedLabels === undefined) {
      for (const id of series.symbolIds) this.#textIds.push(this.#ofSymbol(id));
    } else {
      for (const text of series.droppedLabels.pairs) this.#textIds.push(this.#ofText(text));
    }
    this.#offsets.push(this.#textIds.length);
  }

  build(): LabelTableData {
    return {
      texts: this.#texts.build(),
      offsets: Uint32Array.from(this.#offsets),
      textIds: Uint32Array.from(this.#textIds),
    };
  }

  #ofSymbol(id: number): number {
    let textId = this.#bySymbol.get(id);
    if (textId === undefined) {
      textId = this.#texts.add(this.#table.symbols.text(id));
      this.#bySymbol.set(id, textId);
    }
    return textId;
  }

  #ofText(text: string): number {
    let textId = this.#byText.get(text);
    if (textId === undefined) {
      textId = this.#texts.add(text);
      this.#byText.set(text, textId);
    }
    return textId;
  }
}

/** Label sets in their order. */
export class LabelTable {
  readonly length: number;
  /** Place in the data of each set, in the order of the sets. */
  readonly order: Uint32Array;
  readonly #texts: readonly string[];
  readonly #data: LabelTableData;
  readonly #made: (Labels | undefined)[] = [];

  constructor(data: LabelTableData) {
    this.#data = data;
    this.#texts = readTextTable(data.texts);
    this.length = data.offsets.length - 1;
    this.order = this.#sort();
  }

  labels(index: number): Labels {
    let labels = this.#made[index];
    if (labels === undefined) {
      const at = this.order[index]!;
      const { offsets, textIds } = this.#data;
      const pairs: string[] = [];
      for (let next = offsets[at]!; next < offsets[at + 1]!; next++) {
        pairs.push(this.#texts[textIds[next]!]!);
      }
      labels = Labels.fromPairs(pairs);
      this.#made[index] = labels;
    }
    return labels;
  }

  /** All of them, the first `limit` when it is given. */
  list(limit = this.length): Labels[] {
    return Array.from({ length: Math.min(limit, this.length) }, (_, index) => this.labels(index));
  }

  // Texts are compared once each; sets then by the ranks of their texts.
  #sort(): Uint32Array {
    const { offsets, textIds } = this.#data;
    const texts = this.#texts;
    const byRank = Uint32Array.from(texts.keys());
    byRank.sort((a, b) => compareUtf8(texts[a]!, texts[b]!));
    const ranks = new Uint32Array(texts.length);
    // A text may be there twice, when a series was dropped meanwhile.
    let rank = 0;
    for (let index = 0; index < byRank.length; index++) {
      const textId = byRank[index]!;
      if (index > 0 && texts[textId] !== texts[byRank[index - 1]!]) rank++;
      ranks[textId] = rank;
    }
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    order.sort((a, b) => {
      let left = offsets[a]!;
      let right = offsets[b]!;
      const leftEnd = offsets[a + 1]!;
      const rightEnd = offsets[b + 1]!;
      while (left < leftEnd && right < rightEnd) {
        const difference = ranks[textIds[left++]!]! - ranks[textIds[right++]!]!;
        if (difference !== 0) return difference;
      }
      return leftEnd - offsets[a]! - (rightEnd - offsets[b]!);
    });
    return order;
  }
}
