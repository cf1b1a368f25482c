import { formatGoFloat } from '../../../formats/index.ts';
import { allFamilies, type Group, type HeldFamily, metricsOf } from './group.ts';
import { typeText } from './exposition.ts';

/** `GET /api/v1/metrics` as the Pushgateway's API 1 answers: every group with its families. */
export function groupsJson(groups: Iterable<Group>): unknown {
  return [...groups].map((group) => {
    const families = [...allFamilies(group)].map((family): [string, unknown] => [
      family.name,
      familyJson(family),
    ]);
    return {
      ...Object.fromEntries(families),
      labels: Object.fromEntries(group.grouping.pairs),
      last_push_successful: group.lastPushSuccessful,
    };
  });
}

function familyJson(family: HeldFamily): unknown {
  return {
    time_stamp: new Date(family.pushedMs).toISOString(),
    type: typeText(family.type).toUpperCase(),
    ...(family.help === '' ? {} : { help: family.help }),
    metrics: metricsOf(family).map((metric) => {
      const labels = Object.fromEntries(metric.pairs);
      if (family.type !== 'histogram' && family.type !== 'summary') {
        return { labels, value: formatGoFloat(metric.parts[0]?.sample.value ?? NaN) };
      }
      const parts = metric.parts.map(({ bound, sample }): [string, string] => [
        bound,
        formatGoFloat(sample.value),
      ]);
      return {
        labels,
        [family.type === 'histogram' ? 'buckets' : 'quantiles']: Object.fromEntries(parts),
        ...(metric.count === undefined ? {} : { count: formatGoFloat(metric.count.value) }),
        ...(metric.sum === undefined ? {} : { sum: formatGoFloat(metric.sum.value) }),
      };
    }),
  };
}
