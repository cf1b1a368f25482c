import type { Exemplar, MetricType } from '../../model/index.ts';
import {
  formatFloat,
  formatSeconds,
  isLegacyLabelName,
  isLegacyMetricName,
  parseFloatText,
} from '../../model/index.ts';
import { escapeLabelName, escapeMetricName } from './name-escaping.ts';
import type { EscapingScheme } from './negotiate.ts';

/** A metric family to be written. */
export interface ExpositionFamily {
  /** As in text 0.0.4: that of a counter is its samples' name. */
  readonly name: string;
  readonly type: MetricType;
  /** Empty: no HELP line. */
  readonly help: string;
  /** Empty: no UNIT line. OpenMetrics only. */
  readonly unit: string;
  readonly samples: readonly ExpositionSample[];
}

export interface ExpositionSample {
  /** The sample's own name, suffix included: `http_requests_total`, `latency_bucket`. */
  readonly name: string;
  /** name, value, name, value, … without the metric name, in the order to write them in. */
  readonly labelPairs: readonly string[];
  readonly value: number;
  /** Milliseconds; undefined: none is written. */
  readonly timestamp: number | undefined;
  /** Written where OpenMetrics allows one. */
  readonly exemplar?: Exemplar | undefined;
}

export interface EncodeOptions {
  /** Default `allow-utf-8`: names that need them are quoted. */
  readonly escaping?: EscapingScheme;
}

/** Text 0.0.4 has five types; the others are what they look like there. */
const TEXT_TYPES: Readonly<Record<MetricType, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'histogram',
  summary: 'summary',
  info: 'gauge',
  stateset: 'gauge',
  unknown: 'untyped',
};

/** Writes families in text format 0.0.4 (1.0.0 where a name is quoted). */
export function encodeText(
  families: readonly ExpositionFamily[],
  options: EncodeOptions = {},
): string {
  const escaping = options.escaping ?? 'allow-utf-8';
  const lines: string[] = [];
  for (const family of families) {
    const name = quoteName(escapeMetricName(family.name, escaping));
    if (family.help !== '') lines.push(`# HELP ${name} ${escapeHelp(family.help)}`);
    lines.push(`# TYPE ${name} ${TEXT_TYPES[family.type]}`);
    for (const sample of family.samples) {
      const time = sample.timestamp === undefined ? '' : ` ${sample.timestamp}`;
      const identity = encodeIdentity(sample.name, sample.labelPairs, escaping);
      lines.push(`${identity} ${formatFloat(sample.value)}${time}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Writes families in OpenMetrics text 1.0, `# EOF` included. A counter's family loses its `_total`
 * and its samples get it, `le` and `quantile` get a fraction where they have none. The caller sees
 * to complete families, as for any format.
 */
export function encodeOpenMetrics(
  families: readonly ExpositionFamily[],
  options: EncodeOptions = {},
): string {
  const escaping = options.escaping ?? 'allow-utf-8';
  const lines: string[] = [];
  for (const family of families) {
    const bare = familyNameOf(family);
    const name = quoteName(escapeMetricName(bare, escaping));
    lines.push(`# TYPE ${name} ${family.type}`);
    if (family.unit !== '' && bare.endsWith(`_${family.unit}`)) {
      lines.push(`# UNIT ${name} ${family.unit}`);
    }
    if (family.help !== '') lines.push(`# HELP ${name} ${escapeText(family.help)}`);
    for (const sample of family.samples) lines.push(openMetricsLine(family, sample, escaping));
  }
  return [...lines, '# EOF'].map((line) => `${line}\n`).join('');
}

function familyNameOf({ name, type }: ExpositionFamily): string {
  if (type === 'counter' && name.endsWith('_total')) return name.slice(0, -'_total'.length);
  if (type === 'info' && name.endsWith('_info')) return name.slice(0, -'_info'.length);
  return name;
}

function openMetricsLine(
  family: ExpositionFamily,
  sample: ExpositionSample,
  escaping: EscapingScheme,
): string {
  const identity = encodeIdentity(
    openMetricsName(family, sample.name),
    canonicalPairs(family.type, sample.labelPairs),
    escaping,
  );
  const time = sample.timestamp === undefined ? '' : ` ${formatSeconds(sample.timestamp)}`;
  return `${identity} ${formatFloat(sample.value)}${time}${exemplarText(family.type, sample)}`;
}

function openMetricsName({ name: familyName, type }: ExpositionFamily, name: string): string {
  if (name !== familyName) return name;
  if (type === 'counter') return name.endsWith('_total') ? name : `${name}_total`;
  if (type === 'info') return name.endsWith('_info') ? name : `${name}_info`;
  return name;
}

function exemplarText(type: MetricType, { name, exemplar }: ExpositionSample): string {
  const isAllowed =
    type === 'counter'
      ? !name.endsWith('_created')
      : type.endsWith('histogram') && name.endsWith('_bucket');
  if (exemplar === undefined || !isAllowed) return '';
  const labels = labelText(exemplar.labelPairs, 'allow-utf-8').join(',');
  const { timestamp } = exemplar;
  const time = timestamp === undefined ? '' : ` ${formatSeconds(timestamp)}`;
  return ` # {${labels}} ${formatFloat(exemplar.value)}${time}`;
}

/** `le` and `quantile` as OpenMetrics spells them: `1.0`, `+Inf`. */
function canonicalPairs(type: MetricType, pairs: readonly string[]): readonly string[] {
  const name = type === 'summary' ? 'quantile' : 'le';
  if (type !== 'summary' && type !== 'histogram' && type !== 'gaugehistogram') return pairs;
  return pairs.map((text, index) => {
    if (index % 2 === 0 || pairs[index - 1] !== name) return text;
    const number = parseFloatText(text);
    if (number === undefined) return text;
    const formatted = formatFloat(number);
    return /^-?\d+$/.test(formatted) ? `${formatted}.0` : formatted;
  });
}

/** `name{a="b"}`, or `{"my.name","l.x"="v"}` where the name needs quotes. */
export function encodeIdentity(
  name: string,
  labelPairs: readonly string[],
  escaping: EscapingScheme,
): string {
  const labels = labelText(labelPairs, escaping);
  const escaped = escapeMetricName(name, escaping);
  if (!isLegacyMetricName(escaped)) return `{${[quote(escaped), ...labels].join(',')}}`;
  return labels.length === 0 ? escaped : `${escaped}{${labels.join(',')}}`;
}

function labelText(pairs: readonly string[], escaping: EscapingScheme): string[] {
  const texts: string[] = [];
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = escapeLabelName(pairs[index]!, escaping);
    const shown = isLegacyLabelName(name) ? name : quote(name);
    texts.push(`${shown}=${quote(pairs[index + 1]!)}`);
  }
  return texts;
}

/** A metric name where it stands without labels: quoted where it must be. */
export function quoteName(name: string): string {
  return isLegacyMetricName(name) ? name : quote(name);
}

function quote(text: string): string {
  return `"${escapeText(text)}"`;
}

/** Quoted names and label values, without the quotes. */
export function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Text of a HELP line in text 0.0.4. */
export function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
