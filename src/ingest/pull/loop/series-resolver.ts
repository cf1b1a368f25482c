import {
  isLegacyLabelName,
  isLegacyMetricName,
  type Labels,
  METRIC_NAME,
} from '../../../model/index.ts';
import type { RelabelRules } from '../../relabel/index.ts';
import type { ScrapeConfig } from '../config/scrape-config.ts';
import { ScrapeError } from '../errors.ts';
import { mergeLabels } from './merge-labels.ts';

/** Names and values in messages are cut to that. */
const SHOWN_CHARACTERS = 50;

/** What decides the labels under which a scraped series is stored. */
export interface SeriesRules {
  readonly config: ScrapeConfig;
  readonly targetLabels: Labels;
  readonly metricRules: RelabelRules;
}

/**
 * The labels under which a series is stored, or undefined where relabelling drops it. Called when
 * it is first seen.
 * @param pairs name, value, … as scraped, `__name__` among them, empty values kept.
 * @throws ScrapeError, ExpositionError where the scrape must fail for this series.
 */
export function resolveSeries(pairs: readonly string[], rules: SeriesRules): Labels | undefined {
  const { config, targetLabels, metricRules } = rules;
  const labels = metricRules.apply(mergeLabels(pairs, targetLabels, config.honorLabels));
  // A label set that lost all its labels is one that was dropped.
  if (labels === undefined || labels.size === 0) return undefined;
  checkNames(labels, config);
  checkLimits(labels, config);
  return labels;
}

function checkNames(labels: Labels, config: ScrapeConfig): void {
  if (!labels.has(METRIC_NAME)) {
    throw new ScrapeError('bad_series', `missing metric name (${METRIC_NAME} label)`);
  }
  if (config.nameValidation === 'utf8') return;
  for (const [name, value] of labels) {
    if (name === METRIC_NAME ? isLegacyMetricName(value) : isLegacyLabelName(name)) continue;
    throw new ScrapeError('bad_series', `invalid metric name or label names: ${labels.toString()}`);
  }
}

function checkLimits(labels: Labels, config: ScrapeConfig): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = config;
  if (labelLimit > 0 && labels.size > labelLimit) {
    throw limitError('label_limit', labels, `number of labels: ${labels.size}`, labelLimit);
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (const [name, value] of labels) {
    const nameBytes = Buffer.byteLength(name);
    if (labelNameLengthLimit > 0 && nameBytes > labelNameLengthLimit) {
      const what = `label name: ${cut(name)}, length: ${nameBytes}`;
      throw limitError('label_name_length_limit', labels, what, labelNameLengthLimit);
    }
    const valueBytes = Buffer.byteLength(value);
    if (labelValueLengthLimit > 0 && valueBytes > labelValueLengthLimit) {
      const shown = JSON.stringify(cut(value));
      const what = `label name: ${cut(name)}, value: ${shown}, length: ${valueBytes}`;
      throw limitError('label_value_length_limit', labels, what, labelValueLengthLimit);
    }
  }
}

function limitError(name: string, labels: Labels, what: string, limit: number): ScrapeError {
  const metric = cut(labels.metricName);
  return new ScrapeError(
    'label_limit',
    `${name} exceeded (metric: ${metric}, ${what}, limit: ${limit})`,
  );
}

function cut(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS);
}
