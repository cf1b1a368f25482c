import type { Span } from './ast.ts';
import { positionAt } from './errors.ts';

export type AnnotationLevel = 'warning' | 'info';

interface Annotation {
  readonly level: AnnotationLevel;
  readonly text: string;
  readonly span: Span;
  /** What further happenings of the same text add, written after it. */
  readonly detail: AnnotationDetail | undefined;
}

/** Figures that add up over all happenings of one annotation. */
export interface AnnotationDetail {
  merge(other: AnnotationDetail): AnnotationDetail;
  toString(): string;
}

/** What an evaluation has to say beside its result. Equal texts are kept once. */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  get size(): number {
    return this.#byText.size;
  }

  warn(text: string, span: Span, detail?: AnnotationDetail): void {
    this.#add({ level: 'warning', text: `PromQL warning: ${text}`, span, detail });
  }

  info(text: string, span: Span, detail?: AnnotationDetail): void {
    this.#add({ level: 'info', text: `PromQL info: ${text}`, span, detail });
  }

  /** Texts with the position of their place in `query`: `… (1:5)`. */
  texts(level: AnnotationLevel, query: string): string[] {
    const texts: string[] = [];
    for (const annotation of this.#byText.values()) {
      if (annotation.level !== level) continue;
      const { line, column } = positionAt(query, annotation.span.start);
      const detail = annotation.detail?.toString() ?? '';
      texts.push(`${annotation.text}${detail} (${line}:${column})`);
    }
    return texts;
  }

  // The newest place stays, as in Prometheus, so that texts compare equal.
  #add(annotation: Annotation): void {
    const before = this.#byText.get(annotation.text);
    const detail =
      before?.detail !== undefined && annotation.detail !== undefined
        ? before.detail.merge(annotation.detail)
        : annotation.detail;
    this.#byText.set(annotation.text, { ...annotation, detail });
  }
}

/** ` for metric name "x"`, or nothing where the name is not known. */
export function forMetric(metricName: string): string {
  return metricName === '' ? '' : ` for metric name ${JSON.stringify(metricName)}`;
}

/** A number as Go's `%g` writes it: shortest digits, an exponent below 1e-4 and from 1e+06. */
export function goGeneral(value: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const exponent = Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return plainDecimal(value);
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const size = Math.abs(Number(power));
  return `${digits}e${power.startsWith('-') ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

/** The shortest decimal digits without any exponent. */
export function plainDecimal(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const sign = value < 0 ? '-' : '';
  const [digits = '', power = '0'] = Math.abs(value).toExponential().split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const shift = Number(power);
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`;
  return sign + (whole + fraction).padEnd(shift + 1, '0');
}
