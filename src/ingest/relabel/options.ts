import { z } from 'zod';
import { compileRe2, isLegacyLabelName, messageOf } from '../../model/index.ts';
import { isLabelName } from './label-name.ts';
import {
  DEFAULT_REGEX,
  DEFAULT_REPLACEMENT,
  DEFAULT_SEPARATOR,
  type NameValidation,
  RELABEL_ACTIONS,
  type RelabelAction,
  type RelabelConfig,
} from './relabel-config.ts';
import { hasReference } from './template.ts';

/** YAML reads `1` as a number where Prometheus wants the text. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const MAX_UINT64 = 2n ** 64n - 1n;

const action = text.transform((value, context): RelabelAction => {
  const wanted = RELABEL_ACTIONS.find((name) => name === value.toLowerCase());
  if (wanted !== undefined) return wanted;
  const message = `unknown relabel action ${JSON.stringify(value)}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const regex = text.superRefine((value, context) => {
  const message = regexProblem(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const labelName = text.superRefine((value, context) => {
  if (isLabelName(value, 'utf8')) return;
  const message = `${JSON.stringify(value)} is not a valid label name`;
  context.addIssue({ code: 'custom', message });
});

/** The keys of a relabel rule as Prometheus names them. Set to nothing means empty, not default. */
const relabelShape = {
  source_labels: z
    .array(labelName)
    .nullish()
    .describe('Labels whose values are joined with the separator and matched against the regex.'),
  separator: text.nullish().describe('Text between the joined values; `;` unless set.'),
  target_label: text
    .nullish()
    .describe('Label that is written; may use the groups of the regex in `replace`.'),
  regex: regex.nullish().describe('RE2 expression, anchored on both sides; `(.*)` unless set.'),
  modulus: z
    .union([z.number().int().min(0).transform(BigInt), z.bigint().min(0n).max(MAX_UINT64)])
    .nullish()
    .describe('Modulus of the hash of the joined values, for `hashmod`.'),
  replacement: text
    .nullish()
    .describe('Text that is written, with `$1`, `${name}` for groups; `$1` unless set.'),
  action: action.nullish().describe(`One of ${RELABEL_ACTIONS.join(', ')}; replace unless set.`),
};

export type RelabelYaml = z.output<z.ZodObject<typeof relabelShape, z.core.$strict>>;

/**
 * One relabel rule as the configuration file has it, checked with UTF-8 names. Where classic names
 * are wanted, `checkRelabel` says what they forbid beyond that.
 *
 * @param nullMessage what is said of an empty rule.
 */
export function relabelSchemaFor(nullMessage: string): z.ZodType<RelabelYaml> {
  const error = (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.input === null ? nullMessage : undefined;
  return z.strictObject(relabelShape, { error }).superRefine((rule, context) => {
    const message = checkRelabel(rule, 'utf8');
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

export const relabelSchema = relabelSchemaFor('empty or null relabeling rule');

/** Fills in the defaults of a rule that `relabelSchema` accepted. */
export function resolveRelabel(rule: RelabelYaml, nameValidation: NameValidation): RelabelConfig {
  return {
    action: rule.action ?? 'replace',
    sourceLabels: rule.source_labels ?? [],
    separator: orDefault(rule.separator, DEFAULT_SEPARATOR),
    regex: orDefault(rule.regex, DEFAULT_REGEX),
    defaultRegex: rule.regex === undefined,
    modulus: rule.modulus ?? 0n,
    targetLabel: rule.target_label ?? '',
    replacement: orDefault(rule.replacement, DEFAULT_REPLACEMENT),
    nameValidation,
  };
}

const NEED_TARGET: ReadonlySet<RelabelAction> = new Set<RelabelAction>([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]);
const NO_REPLACEMENT: ReadonlySet<RelabelAction> = new Set<RelabelAction>([
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]);

/** What is wrong with a rule, in Prometheus's words; undefined where nothing is. */
export function checkRelabel(rule: RelabelYaml, names: NameValidation): string | undefined {
  if (rule.action === null) return 'relabel action cannot be empty';
  const config = resolveRelabel(rule, names);
  const { action: name, targetLabel } = config;
  if (name === 'hashmod' && config.modulus === 0n) {
    return 'relabel configuration for hashmod requires non-zero modulus';
  }
  if (NEED_TARGET.has(name)) {
    if (targetLabel === '') {
      return `relabel configuration for ${name} action requires 'target_label' value`;
    }
    const valid =
      name === 'replace' && hasReference(targetLabel)
        ? isTemplateName(targetLabel, names)
        : isLabelName(targetLabel, names);
    if (!valid) {
      return `${JSON.stringify(targetLabel)} is invalid 'target_label' for ${name} action`;
    }
  }
  if (NO_REPLACEMENT.has(name) && config.replacement !== DEFAULT_REPLACEMENT) {
    return `'replacement' can not be set for ${name} action`;
  }
  if (name === 'labelmap' && !isTemplateName(config.replacement, names)) {
    return `${JSON.stringify(config.replacement)} is invalid 'replacement' for labelmap action`;
  }
  return checkSuperfluous(rule, config);
}

function checkSuperfluous(rule: RelabelYaml, config: RelabelConfig): string | undefined {
  const { action: name } = config;
  const other =
    config.modulus !== 0n ||
    config.separator !== DEFAULT_SEPARATOR ||
    config.replacement !== DEFAULT_REPLACEMENT;
  if ((name === 'keepequal' || name === 'dropequal') && (other || !config.defaultRegex)) {
    return `${name} action requires only 'source_labels' and \`target_label\`, and no other fields`;
  }
  const sources = rule.source_labels !== undefined && rule.source_labels !== null;
  if (
    (name === 'labeldrop' || name === 'labelkeep') &&
    (other || sources || config.targetLabel !== '')
  ) {
    return `${name} action requires only 'regex', and no other fields`;
  }
  return undefined;
}

const REFERENCE = /\$(?:\{\w+\}|\w+)/g;

/** Whether a text with references to groups can become a legal name. */
function isTemplateName(template: string, names: NameValidation): boolean {
  if (names === 'utf8') return isLabelName(template, names);
  return isLegacyLabelName(template.replace(REFERENCE, '_'));
}

function regexProblem(source: string): string | undefined {
  try {
    compileRe2(`^(?s:${source})$`, source);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function orDefault(value: string | null | undefined, fallback: string): string {
  return value === undefined ? fallback : (value ?? '');
}
