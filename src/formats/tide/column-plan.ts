import { HIGH_WORD, isStaleAt, LOW_WORD } from '../../model/index.ts';
import {
  DECIMAL_SCALE_MAX,
  FORM_BITS,
  FORM_CONSTANT,
  FORM_MOVING,
  FORM_RISING,
  FORM_SAME_BITS,
  FORM_STALE,
  MANTISSA_MAX,
  SCALE_COUNT,
  SCALE_DIVISORS,
  SCALE_FACTORS,
} from './column-form.ts';

/** The form that suits the values of one series, with their whole numbers; used again and again. */
export class ColumnPlan {
  form = FORM_CONSTANT;
  scale = 0;
  /** Of whole-number forms. */
  readonly mantissas: Float64Array;

  constructor(samplesMax: number) {
    this.mantissas = new Float64Array(samplesMax);
  }

  /** Plans samples `[from, to)`; `words` are the bits of `values`. */
  plan(values: Float64Array, words: Uint32Array, from: number, to: number): void {
    if (this.#scaleDecimals(values, from, to)) {
      if (this.scale === 0) this.#scaleMultiples(to - from);
      this.form = this.#wholeForm(to - from);
      return;
    }
    this.scale = 0;
    if (!isSame(words, from, to)) this.form = FORM_BITS;
    else this.form = isStaleAt(words, from) ? FORM_STALE : FORM_SAME_BITS;
  }

  /** Finds the least power of ten that makes whole numbers of all values. */
  #scaleDecimals(values: Float64Array, from: number, to: number): boolean {
    let scale = 0;
    for (let index = from; index < to; index++) {
      const value = values[index]!;
      if (!Number.isFinite(value) || (value === 0 && Object.is(value, -0))) return false;
      while (!isWholeAt(value, scale)) {
        if (++scale > DECIMAL_SCALE_MAX) return false;
      }
    }
    this.scale = scale;
    const divisor = SCALE_DIVISORS[scale]!;
    for (let index = from; index < to; index++) {
      const mantissa = Math.round(values[index]! * divisor);
      // A large value may be whole at a small scale, and too large at that of the others.
      if (Math.abs(mantissa) > MANTISSA_MAX || mantissa / divisor !== values[index]) return false;
      this.mantissas[index - from] = mantissa;
    }
    return true;
  }

  /** Takes out a factor that all have: memory comes in pages, bytes in kilobytes. */
  #scaleMultiples(length: number): void {
    const { mantissas } = this;
    // Fast path: all factors are multiples of 8, and few values are; a remainder costs far more.
    if (mantissas[0] === 0 || (mantissas[0]! & 7) !== 0) return;
    for (let scale = DECIMAL_SCALE_MAX + 1; scale < SCALE_COUNT; scale++) {
      const factor = SCALE_FACTORS[scale]!;
      let index = 0;
      while (index < length && mantissas[index]! % factor === 0) index++;
      if (index < length) continue;
      // Adding 0 makes 0 of -0, which a negative remainder of nothing may leave.
      for (index = 0; index < length; index++) mantissas[index] = mantissas[index]! / factor + 0;
      this.scale = scale;
      return;
    }
  }

  #wholeForm(length: number): number {
    const { mantissas } = this;
    let form = FORM_CONSTANT;
    for (let index = 1; index < length; index++) {
      const delta = mantissas[index]! - mantissas[index - 1]!;
      if (delta < 0) return FORM_MOVING;
      if (delta > 0) form = FORM_RISING;
    }
    return form;
  }
}

function isWholeAt(value: number, scale: number): boolean {
  const divisor = SCALE_DIVISORS[scale]!;
  const mantissa = Math.round(value * divisor);
  return Math.abs(mantissa) <= MANTISSA_MAX && mantissa / divisor === value;
}

function isSame(words: Uint32Array, from: number, to: number): boolean {
  const low = words[2 * from + LOW_WORD];
  const high = words[2 * from + HIGH_WORD];
  for (let index = from + 1; index < to; index++) {
    if (words[2 * index + LOW_WORD] !== low || words[2 * index + HIGH_WORD] !== high) return false;
  }
  return true;
}
