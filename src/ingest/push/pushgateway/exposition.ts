import { encodeIdentity, escapeHelp, quoteName } from '../../../formats/exposition/index.ts';
import { formatGoFloat } from '../../../formats/index.ts';
import { compareUtf8 } from '../../../util/index.ts';
import {
  allFamilies,
  type Group,
  type HeldFamily,
  type LineSample,
  metricsOf,
  partLabelOf,
  type PushedType,
} from './group.ts';
import type { LabelPair } from './grouping.ts';

/**
 * All groups as text 0.0.4, families merged and sorted as the Pushgateway exposes them; names that
 * need quotes have them.
 */
export function expositionOf(groups: Iterable<Group>): string {
  const byName = new Map<string, HeldFamily[]>();
  for (const group of groups) {
    for (const family of allFamilies(group)) {
      const known = byName.get(family.name);
      if (known === undefined) byName.set(family.name, [family]);
      else known.push(family);
    }
  }
  const lines: string[] = [];
  for (const name of [...byName.keys()].sort(compareUtf8)) {
    writeFamily(name, byName.get(name) ?? [], lines);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** As a TYPE line says it. */
export function typeText(type: PushedType): string {
  return type === 'unknown' ? 'untyped' : type;
}

function writeFamily(name: string, held: readonly HeldFamily[], lines: string[]): void {
  const type = held[0]?.type ?? 'unknown';
  const help = held.find((family) => family.help !== '')?.help ?? '';
  const shown = quoteName(name);
  if (help !== '') lines.push(`# HELP ${shown} ${escapeHelp(help)}`);
  lines.push(`# TYPE ${shown} ${typeText(type)}`);
  const samples = held.flatMap((family) => family.samples);
  const partLabel = partLabelOf(type);
  for (const metric of metricsOf({ name, type, help, samples })) {
    for (const { bound, sample } of metric.parts) {
      const isPart = partLabel !== undefined && bound !== '';
      writeLine(sample, metric.pairs, isPart ? [[partLabel, bound]] : [], lines);
    }
    if (metric.sum !== undefined) writeLine(metric.sum, metric.pairs, [], lines);
    if (metric.count !== undefined) writeLine(metric.count, metric.pairs, [], lines);
  }
}

function writeLine(
  sample: LineSample,
  pairs: readonly LabelPair[],
  part: readonly LabelPair[],
  lines: string[],
): void {
  const identity = encodeIdentity(sample.name, [...pairs, ...part].flat(), 'allow-utf-8');
  lines.push(`${identity} ${formatGoFloat(sample.value)}`);
}
