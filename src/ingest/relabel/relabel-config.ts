/** Metric and label names that are legal: any UTF-8 text, or only the classic characters. */
export type NameValidation = 'utf8' | 'legacy';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;
export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** One relabel rule, checked, with defaults filled in. */
export interface RelabelConfig {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** RE2, anchored on both sides. */
  readonly regex: string;
  /** The rule was given no `regex` of its own. */
  readonly defaultRegex: boolean;
  /** Of `hashmod`; below 2^64. */
  readonly modulus: bigint;
  readonly targetLabel: string;
  readonly replacement: string;
  readonly nameValidation: NameValidation;
}

export const DEFAULT_SEPARATOR = ';';
export const DEFAULT_REGEX = '(.*)';
export const DEFAULT_REPLACEMENT = '$1';
