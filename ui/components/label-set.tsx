import type { Labels } from '../api/prometheus.ts';
import { sortedLabels } from '../format/labels.ts';

interface LabelSetProps {
  labels: Labels;
  /** Shown where the set is empty. */
  empty?: string;
}

/** A label set for reading: the name, then each label in one piece that breaks as a whole. */
export function LabelSet({ labels, empty = '{}' }: LabelSetProps) {
  const pairs = sortedLabels(labels);
  const name = labels['__name__'];
  if (pairs.length === 0) return <span class="labels">{name ?? empty}</span>;
  return (
    <span class="labels">
      {name !== undefined && <span class="label-metric">{name} </span>}
      {pairs.map(([label, value]) => (
        <span key={label} class="label">
          <span class="label-name">{label}=</span>
          <span class="label-value">{value === '' ? '""' : value}</span>{' '}
        </span>
      ))}
    </span>
  );
}
