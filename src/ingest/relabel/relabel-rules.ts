import { createHash } from 'node:crypto';
import type { Labels } from '../../model/index.ts';
import { compileAnchored, compileRe2 } from '../../model/index.ts';
import { LabelBuilder } from './label-builder.ts';
import { isLabelName } from './label-name.ts';
import { type RelabelConfig, DEFAULT_REGEX } from './relabel-config.ts';
import { hasReference, parseTemplate, type TemplatePart } from './template.ts';

/** What a rule left: the labels, or undefined where it dropped the whole set. */
export interface RelabelStep {
  readonly config: RelabelConfig;
  readonly labels: Labels | undefined;
}

/** Compiled relabel rules, applied in order. Not safe to call from within its own callbacks. */
export interface RelabelRules {
  /** Number of rules; 0 leaves every label set as it is. */
  readonly length: number;
  /** The relabelled set (the same object where nothing changed), or undefined where dropped. */
  apply(labels: Labels): Labels | undefined;
  /** As `apply`, on a builder; false where dropped. */
  applyTo(builder: LabelBuilder): boolean;
  /** The labels after each rule, up to the one that dropped them. */
  explain(labels: Labels): readonly RelabelStep[];
}

/** Applies one rule; false drops the label set. */
type Rule = (builder: LabelBuilder) => boolean;

/** @throws BadRegexError where a rule's expression is not RE2. */
export function compileRelabel(configs: readonly RelabelConfig[]): RelabelRules {
  const rules = configs.map(compileRule);
  const scratch = new LabelBuilder();
  const applyTo = (builder: LabelBuilder): boolean => rules.every((rule) => rule(builder));
  return {
    length: rules.length,
    applyTo,
    apply(labels) {
      if (rules.length === 0) return labels;
      scratch.reset(labels);
      return applyTo(scratch) ? scratch.labels() : undefined;
    },
    explain(labels) {
      const builder = new LabelBuilder();
      builder.reset(labels);
      const steps: RelabelStep[] = [];
      for (const [index, rule] of rules.entries()) {
        const config = configs[index];
        if (config === undefined) break;
        const kept = rule(builder);
        steps.push({ config, labels: kept ? builder.labels() : undefined });
        if (!kept) break;
      }
      return steps;
    },
  };
}

function compileRule(config: RelabelConfig): Rule {
  const value = sourceReader(config);
  const { targetLabel } = config;
  switch (config.action) {
    case 'keep':
    case 'drop': {
      const { test } = compileAnchored(config.regex);
      const wanted = config.action === 'keep';
      return (builder) => test(value(builder)) === wanted;
    }
    case 'keepequal':
      return (builder) => builder.get(targetLabel) === value(builder);
    case 'dropequal':
      return (builder) => builder.get(targetLabel) !== value(builder);
    case 'replace':
      return compileReplace(config, value);
    case 'lowercase':
      return setter(targetLabel, (builder) => lower(value(builder)));
    case 'uppercase':
      return setter(targetLabel, (builder) => upper(value(builder)));
    case 'hashmod':
      return setter(targetLabel, (builder) => hashModulus(value(builder), config.modulus));
    case 'labelmap':
      return compileLabelMap(config);
    case 'labeldrop':
    case 'labelkeep': {
      const { test } = compileAnchored(config.regex);
      const deleted = config.action === 'labeldrop';
      return (builder) => {
        forEachLabel(builder, (name) => {
          if (test(name) === deleted) builder.delete(name);
        });
        return true;
      };
    }
  }
}

function sourceReader(config: RelabelConfig): (builder: LabelBuilder) => string {
  const [first, ...others] = config.sourceLabels;
  if (first === undefined) return () => '';
  // Fast path: one source label, as nearly every rule has.
  if (others.length === 0) return (builder) => builder.get(first);
  return (builder) => config.sourceLabels.map((name) => builder.get(name)).join(config.separator);
}

function setter(name: string, value: (builder: LabelBuilder) => string): Rule {
  return (builder) => {
    builder.set(name, value(builder));
    return true;
  };
}

function compileReplace(config: RelabelConfig, value: (builder: LabelBuilder) => string): Rule {
  const { targetLabel, replacement, nameValidation } = config;
  const fixed = !hasReference(targetLabel) && !hasReference(replacement);
  if (fixed) {
    // Fast path: no group is used, so only whether it matches is asked. A target that is no legal
    // name is written only by the default expression over an empty value, as Prometheus does it.
    const { test } = compileAnchored(config.regex);
    const legal = isLabelName(targetLabel, nameValidation);
    return (builder) => {
      const text = value(builder);
      if (config.defaultRegex ? legal || text === '' : legal && test(text)) {
        builder.set(targetLabel, replacement);
      }
      return true;
    };
  }
  const match = compileMatch(config.regex);
  const target = match.template(targetLabel);
  const result = match.template(replacement);
  return (builder) => {
    const groups = match.run(value(builder));
    if (groups === undefined) return true;
    const name = target(groups);
    if (isLabelName(name, nameValidation)) builder.set(name, result(groups));
    return true;
  };
}

function compileLabelMap(config: RelabelConfig): Rule {
  const match = compileMatch(config.regex);
  const rename = match.template(config.replacement);
  return (builder) => {
    forEachLabel(builder, (name, value) => {
      const groups = match.run(name);
      if (groups !== undefined) builder.set(rename(groups), value);
    });
    return true;
  };
}

/** Text of each group; undefined where a group took no part in the match. */
type Groups = readonly (string | undefined)[];

interface CompiledMatch {
  /** The groups, where the whole text matches. */
  run(text: string): Groups | undefined;
  template(source: string): (groups: Groups) => string;
}

function compileMatch(source: string): CompiledMatch {
  const expression = compileRe2(`^(?s:${source})$`, source);
  const groupCount = expression.groupCount();
  const template = (text: string): ((groups: Groups) => string) =>
    compileTemplate(parseTemplate(text, expression.namedGroups()));
  // Fast path: the default expression is one group that is the whole text.
  if (source === DEFAULT_REGEX) return { run: (text) => [text, text], template };
  // Cheaper than the groups, and most texts that are tried do not match.
  const { test } = compileAnchored(source);
  return {
    run(text) {
      if (!test(text)) return undefined;
      const matcher = expression.matcher(text);
      if (!matcher.find()) return undefined;
      const groups: (string | undefined)[] = [];
      for (let group = 0; group <= groupCount; group++) {
        groups.push(matcher.group(group) ?? undefined);
      }
      return groups;
    },
    template,
  };
}

function compileTemplate(parts: readonly TemplatePart[]): (groups: Groups) => string {
  return (groups) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : (groups[part] ?? '');
    return text;
  };
}

function forEachLabel(builder: LabelBuilder, visit: (name: string, value: string) => void): void {
  const pairs = builder.snapshot();
  for (let index = 0; index < pairs.length; index += 2) {
    visit(pairs[index] ?? '', pairs[index + 1] ?? '');
  }
}

/** The last 8 bytes of the text's MD5, big endian, modulo `modulus`. */
function hashModulus(text: string, modulus: bigint): string {
  const digest = createHash('md5').update(text).digest();
  return String(digest.readBigUInt64BE(8) % modulus);
}

// Go maps code point to code point: no text gets longer or shorter, and nothing depends on what
// stands beside it. JavaScript's own functions expand some (`ß` to `SS`) and know final sigma.
function lower(text: string): string {
  return mapCase(text, (character) => character.toLowerCase());
}

function upper(text: string): string {
  return mapCase(text, (character) => character.toUpperCase());
}

const ASCII = /^[\0-\x7f]*$/;

function mapCase(text: string, map: (text: string) => string): string {
  if (ASCII.test(text)) return map(text);
  let mapped = '';
  for (const character of text) {
    const changed = map(character);
    mapped += isOneCodePoint(changed) ? changed : (SIMPLE_CASE.get(character) ?? character);
  }
  return mapped;
}

const TITLE_SOURCES = 'ᾀᾁᾂᾃᾄᾅᾆᾇᾐᾑᾒᾓᾔᾕᾖᾗᾠᾡᾢᾣᾤᾥᾦᾧᾳῃῳ';
const TITLE_TARGETS = 'ᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾼῌῼ';

/** Letters whose full mapping is longer than one code point, but which have a short one too. */
const SIMPLE_CASE: ReadonlyMap<string, string> = new Map([
  ['İ', 'i'],
  ...Array.from(TITLE_SOURCES, (letter, index): [string, string] => [
    letter,
    TITLE_TARGETS.charAt(index),
  ]),
]);

function isOneCodePoint(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);
}
