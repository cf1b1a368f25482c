import type { EvalContext } from './context.ts';
import type { CallNode } from './plan.ts';
import type { RangeSource } from './range-source.ts';

const COUNTER_ENDINGS = ['_total', '_sum', '_count', '_bucket'];

/** Tells when rate or increase is used on what by its name (or type label) is no counter. */
export function hintNonCounter(
  node: CallNode,
  source: Pick<RangeSource, 'labels' | 'metricName'>,
  index: number,
  { annotations, typeAndUnitLabels }: EvalContext,
): void {
  const name = source.metricName(index);
  if (name === '') return;
  const { span } = node.args[0] ?? node;
  if (typeAndUnitLabels) {
    const type = source.labels(index).get('__type__');
    if (type === 'counter' || type === 'histogram') return;
    annotations.info(
      'metric might not be a counter, __type__ label is not set to "counter" or "histogram", ' +
        `got ${JSON.stringify(type)}: ${JSON.stringify(name)}`,
      span,
    );
  } else if (!COUNTER_ENDINGS.some((ending) => name.endsWith(ending))) {
    annotations.info(
      'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ' +
        JSON.stringify(name),
      span,
    );
  }
}
