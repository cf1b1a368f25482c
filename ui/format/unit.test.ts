import { expect, test } from 'vitest';
import { metricsIn } from './promql-scan.ts';
import { unitOfExpression, unitOfName } from './unit.ts';

test.each([
  ['scrape_duration_seconds', 'seconds'],
  ['process_cpu_seconds_total', 'seconds'],
  ['node_memory_MemFree_bytes', 'bytes'],
  ['node_network_receive_bytes_total', 'bytes'],
  ['http_request_duration_seconds_sum', 'seconds'],
  ['http_request_duration_seconds_count', 'number'],
  ['http_request_duration_seconds_bucket', 'number'],
  ['process_start_time_seconds', 'timestamp'],
  ['push_time_seconds', 'timestamp'],
  ['node_disk_io_time_seconds_total', 'seconds'],
  ['cache_hit_ratio', 'ratio'],
  ['battery_charge_percent', 'percent'],
  ['up', 'number'],
])('%s is in %s', (name, unit) => {
  expect(unitOfName(name)).toBe(unit);
});

test.each([
  ['scrape_duration_seconds{job="a"}', 'seconds'],
  ['rate(node_network_receive_bytes_total[5m])', 'bytes/s'],
  ['sum by (mode) (rate(node_cpu_seconds_total[1m]))', 'number'],
  ['max by (job_seconds) (node_memory_MemFree_bytes)', 'bytes'],
  ['sum without (a_seconds)(go_memstats_alloc_bytes)', 'bytes'],
  ['histogram_quantile(0.9, rate(req_seconds_bucket[5m]))', 'seconds'],
  ['a_bytes / b_bytes', 'number'],
  ['a_bytes - b_bytes', 'bytes'],
  ['a_bytes + b_seconds', 'number'],
  ['time() - process_start_time_seconds', 'seconds'],
  ['count(a_bytes)', 'number'],
  ['a_bytes{x="b_seconds"} offset 5m', 'bytes'],
  ['{"http.size_bytes"}', 'bytes'],
  ['a_bytes # b_seconds', 'bytes'],
  ['1 + 2', 'number'],
  ['', 'number'],
])('%s gives %s', (expression, unit) => {
  expect(unitOfExpression(expression)).toBe(unit);
});

test('broken expressions are read as far as they go', () => {
  expect(metricsIn('sum(rate(a_total{x="').metrics).toEqual(['a_total']);
  expect(metricsIn('sum by (').functions).toEqual(['sum']);
});
