import {
  type FloatHistogram,
  formatFloat,
  Labels,
  METRIC_NAME,
  parseFloatText,
  TidegaugeError,
} from '../../../model/index.ts';
import { type Group, groupSample, type HeldFamily, type PushedSample } from './group.ts';
import { groupingOf, type LabelPair } from './grouping.ts';

/** Groups live in the storage's keyed state under this prefix, followed by the group's key. */
export const GROUP_STATE_PREFIX = 'pushgateway/';

const VERSION = 1;

/** A stored group cannot be read: written by a newer version, or damaged. */
export class GroupStateError extends TidegaugeError {
  readonly code = 'group_state_invalid';
}

/**
 * A group as JSON: `{version, labels: [[name, value], …], pushed, failed, successful, families:
 * [{name, type, help, pushed, samples: [[name, value, label, value, …], …]}, …]}`. Times are
 * milliseconds; values are text, because JSON has no NaN, infinities or -0; that of a native
 * histogram is the text of a JSON object; a sample's labels are those beside the group's.
 */
export function encodeGroup(group: Group): Uint8Array {
  const families = [...group.families.values()].map((family) => ({
    name: family.name,
    type: family.type,
    help: family.help,
    pushed: family.pushedMs,
    samples: family.samples.map((sample) => encodeSample(group, sample)),
  }));
  const stored = {
    version: VERSION,
    labels: group.grouping.pairs,
    pushed: group.pushTimeMs,
    failed: group.failureTimeMs,
    successful: group.lastPushSuccessful,
    families,
  };
  return new TextEncoder().encode(JSON.stringify(stored));
}

function encodeSample(group: Group, sample: PushedSample): string[] {
  const shared = new Set(group.grouping.pairs.map(([name]) => name));
  const own = sample.pairs.filter(([name, value]) => value !== '' && !shared.has(name));
  return [sample.name, encodeValue(sample.value), ...own.flat()];
}

/** All numbers of a histogram but its sum are finite. */
function encodeValue(value: number | FloatHistogram): string {
  if (typeof value === 'number') return formatFloat(value);
  return JSON.stringify({ ...value, sum: formatFloat(value.sum) });
}

function decodeValue(text: string): number | FloatHistogram {
  if (!text.startsWith('{')) return parseFloatText(text) ?? NaN;
  const stored = JSON.parse(text) as Omit<FloatHistogram, 'sum'> & { readonly sum: string };
  return { ...stored, sum: parseFloatText(stored.sum) ?? NaN };
}

interface StoredGroup {
  readonly version: number;
  readonly labels: readonly LabelPair[];
  readonly pushed: number;
  readonly failed: number;
  readonly successful: boolean;
  readonly families: readonly StoredFamily[];
}

type StoredFamily = Pick<HeldFamily, 'name' | 'type' | 'help'> & {
  readonly pushed: number;
  readonly samples: readonly (readonly string[])[];
};

/** @throws GroupStateError where the bytes are not what `encodeGroup` of this version wrote. */
export function decodeGroup(bytes: Uint8Array): Group {
  const stored = parse(bytes);
  if (stored.version !== VERSION) {
    throw new GroupStateError(
      `a Pushgateway group is stored in version ${stored.version}, this program reads ${VERSION}`,
    );
  }
  const grouping = groupingOf(stored.labels);
  const families = new Map<string, HeldFamily>();
  for (const { name, type, help, pushed, samples } of stored.families) {
    const decoded = samples.map(([sampleName = '', value = '', ...pairs]) =>
      groupSample(
        grouping,
        sampleName,
        Labels.fromPairs([METRIC_NAME, sampleName, ...pairs]),
        decodeValue(value),
      ),
    );
    families.set(name, { name, type, help, pushedMs: pushed, samples: decoded });
  }
  return {
    grouping,
    families,
    pushTimeMs: stored.pushed,
    failureTimeMs: stored.failed,
    lastPushSuccessful: stored.successful,
  };
}

function parse(bytes: Uint8Array): StoredGroup {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as StoredGroup;
  } catch (error) {
    throw new GroupStateError('a stored Pushgateway group is not JSON', { cause: error });
  }
}
