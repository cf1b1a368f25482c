import { z } from 'zod';

const seconds = z.number().describe('Unix time in seconds, with at most three decimals.');
const number = z.string().describe('A number in its shortest form; also `NaN`, `+Inf`, `-Inf`.');

export const labelSet = z
  .record(z.string(), z.string())
  .meta({ id: 'LabelSet', description: 'Label values by name.' });

const point = z.tuple([seconds, number]).meta({ id: 'Point' });

const bucket = z
  .tuple([z.int().min(0).max(3), number, number, number])
  .describe(
    'Which bounds belong to it (0 open left, 1 open right, 2 both open, 3 both closed), lower ' +
      'bound, upper bound, count.',
  )
  .meta({ id: 'Bucket' });

const histogram = z
  .strictObject({
    count: number,
    sum: number,
    buckets: z.array(bucket).optional().describe('Those that are not empty.'),
  })
  .meta({ id: 'Histogram' });

export const histogramPoint = z.tuple([seconds, histogram]).meta({ id: 'HistogramPoint' });

const stats = z
  .strictObject({
    timings: z.record(z.string(), z.number()).describe('In seconds.'),
    samples: z.strictObject({
      totalQueryableSamplesPerStep: z.array(z.tuple([seconds, z.number()])).optional(),
      totalQueryableSamples: z.number(),
      peakSamples: z.number(),
    }),
  })
  .meta({ id: 'QueryStats' });

const matrix = z.strictObject({
  resultType: z.literal('matrix'),
  result: z.array(
    z.strictObject({
      metric: labelSet,
      values: z.array(point).optional(),
      histograms: z.array(histogramPoint).optional(),
    }),
  ),
  stats: stats.optional(),
});

/** The data of an instant query. */
export const instantData = z
  .discriminatedUnion('resultType', [
    z.strictObject({
      resultType: z.literal('vector'),
      result: z.array(
        z.strictObject({
          metric: labelSet,
          value: point.optional(),
          histogram: histogramPoint.optional(),
        }),
      ),
      stats: stats.optional(),
    }),
    matrix,
    z.strictObject({ resultType: z.literal('scalar'), result: point, stats: stats.optional() }),
    z.strictObject({
      resultType: z.literal('string'),
      result: z.tuple([seconds, z.string()]),
      stats: stats.optional(),
    }),
  ])
  .meta({ id: 'InstantData' });

/** The data of a range query. */
export const rangeData = matrix.meta({ id: 'RangeData' });

export const exemplarData = z.array(
  z.strictObject({
    seriesLabels: labelSet,
    exemplars: z.array(z.strictObject({ labels: labelSet, value: number, timestamp: seconds })),
  }),
);

/** A node of the syntax tree; what else it has depends on its `type`. */
export const parsedExpression = z
  .looseObject({ type: z.string() })
  .meta({ id: 'ParsedExpression', description: 'A node; its other fields depend on `type`.' });
