import type { QueryData } from '../api/prometheus.ts';

/** Series and samples of a result; a scalar or string is one sample of no series. */
export function countResult(data: QueryData): { seriesCount: number; sampleCount: number } {
  switch (data.resultType) {
    case 'vector':
      return { seriesCount: data.result.length, sampleCount: data.result.length };
    case 'matrix': {
      let sampleCount = 0;
      for (const { values, histograms } of data.result) {
        sampleCount += (values?.length ?? 0) + (histograms?.length ?? 0);
      }
      return { seriesCount: data.result.length, sampleCount };
    }
    case 'scalar':
    case 'string':
      return { seriesCount: 0, sampleCount: 1 };
  }
}
