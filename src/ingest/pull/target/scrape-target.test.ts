import { describe, expect, it } from 'vitest';
import { compileRelabel } from '../../relabel/index.ts';
import { resolveScrapeConfigs, type ScrapeConfig, scrapeConfigSchema } from '../options.ts';
import { buildTarget, type ScrapeTarget, type TargetResult } from './scrape-target.ts';

function configOf(yaml: object): ScrapeConfig {
  const parsed = scrapeConfigSchema.parse({ job_name: 'j', ...yaml });
  const [config] = resolveScrapeConfigs({}, [parsed], '').configs;
  if (config === undefined) throw new Error('nothing resolved');
  return config;
}

function build(yaml: object, labels: Record<string, string> = {}, address = 'h:1'): TargetResult {
  const config = configOf(yaml);
  return buildTarget(address, labels, config, compileRelabel(config.relabelConfigs));
}

function active(yaml: object, labels: Record<string, string> = {}, address = 'h:1'): ScrapeTarget {
  const result = build(yaml, labels, address);
  if (result.kind !== 'active') throw new Error(`not active: ${JSON.stringify(result)}`);
  return result.target;
}

function checkInvalid(rule: object, want: string): void {
  const result = build({ relabel_configs: [rule] });
  expect(result).toMatchObject({ kind: 'invalid', reason: want });
}

describe('buildTarget', () => {
  it('gives a target its job, its instance, and its URL', () => {
    const target = active({ scrape_interval: '15s' });
    expect(target.labels.toObject()).toEqual({ job: 'j', instance: 'h:1' });
    expect(target).toMatchObject({
      url: 'http://h:1/metrics',
      intervalMs: 15_000,
      timeoutMs: 10_000,
    });
    expect(target.discoveredLabels.toObject()).toEqual({
      __address__: 'h:1',
      __metrics_path__: '/metrics',
      __scheme__: 'http',
      __scrape_interval__: '15s',
      __scrape_timeout__: '10s',
      job: 'j',
    });
  });

  it('lets group labels override job, interval and the rest', () => {
    const target = active(
      {},
      {
        job: 'other',
        instance: 'me',
        __scrape_interval__: '5s',
        __scrape_timeout__: '1s',
        __metrics_path__: 'probe me',
        __scheme__: 'https',
        __meta_zone: 'a',
        zone: 'b',
      },
    );
    expect(target.labels.toObject()).toEqual({ job: 'other', instance: 'me', zone: 'b' });
    expect(target).toMatchObject({
      url: 'https://h:1/probe%20me',
      intervalMs: 5000,
      timeoutMs: 1000,
    });
  });

  it('takes parameters from the configuration and from labels', () => {
    const params = { module: ['http', 'x'], 'a b': ['1&2'] };
    expect(active({ params }).url).toBe('http://h:1/metrics?a+b=1%262&module=http&module=x');
    const rules = [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { target_label: '__param_module', replacement: 'icmp' },
      { target_label: '__address__', replacement: 'prober:9115' },
    ];
    const target = active({ params, relabel_configs: rules }, {}, '10.0.0.1');
    expect(target.url).toBe(
      'http://prober:9115/metrics?a+b=1%262&module=icmp&module=x&target=10.0.0.1',
    );
    expect(target.labels.get('instance')).toBe('prober:9115');
  });

  it('uses meta labels in relabelling and then forgets them', () => {
    const rule = { source_labels: ['__meta_zone'], target_label: 'zone' };
    const target = active({ relabel_configs: [rule] }, { __meta_zone: 'a' });
    expect(target.labels.toObject()).toEqual({ job: 'j', instance: 'h:1', zone: 'a' });
    const plain = active({}, { zone: 'a' });
    expect(target.key).toBe(plain.key);
    expect(target.hash).toBe(plain.hash);
    expect(active({}, { zone: 'b' }).hash).not.toBe(plain.hash);
  });

  it('says which targets relabelling dropped', () => {
    const rule = { source_labels: ['__address__'], regex: 'h.*', action: 'drop' };
    const result = build({ relabel_configs: [rule] });
    expect(result.kind).toBe('dropped');
  });

  it('refuses what cannot be scraped, in the words of Prometheus', () => {
    checkInvalid({ target_label: '__address__', replacement: '' }, 'no address');
    checkInvalid(
      { target_label: '__address__', replacement: 'http://x' },
      '"http://x" is not a valid hostname',
    );
    checkInvalid(
      { target_label: '__scrape_interval__', replacement: 'soon' },
      'error parsing scrape interval: not a valid duration string: "soon"',
    );
    checkInvalid(
      { target_label: '__scrape_timeout__', replacement: '' },
      'error parsing scrape timeout: empty duration string',
    );
    checkInvalid(
      { target_label: '__scrape_timeout__', replacement: '0s' },
      'scrape timeout cannot be 0',
    );
    checkInvalid(
      { target_label: '__scrape_timeout__', replacement: '2m' },
      'scrape timeout cannot be greater than scrape interval ("2m" > "1m")',
    );
  });
});
