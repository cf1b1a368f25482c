import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { loadConfig, loadDefaultConfig, loadText } from './load.ts';

function problemsOf(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

describe('loadDefaultConfig', () => {
  it('scrapes the collector itself and reads the host', () => {
    const config = loadDefaultConfig('127.0.0.1:1234');
    expect(config.scrapeConfigs.map((job) => job.staticConfigs[0]?.targets)).toEqual([
      ['127.0.0.1:1234'],
    ]);
    expect(config.components.host_metrics).toEqual({
      enabled: true,
      interval_ms: 5000,
      job: 'host',
    });
  });
});

describe('loadText', () => {
  it("takes Prometheus's names for settings of the store", () => {
    const text = [
      'storage:',
      '  tsdb: {out_of_order_time_window: 30m, retention: {time: 2d, size: 1.5GB}}',
      '  exemplars: {max_exemplars: 7}',
    ].join('\n');
    expect(loadText(text, 'a.yml').components.storage).toMatchObject({
      out_of_order_window_ms: 1_800_000,
      retention_ms: 172_800_000,
      retention_bytes: 1_610_612_736,
      max_exemplars: 7,
    });
  });

  it('refuses a size below zero', () => {
    const text = 'storage: {tsdb: {retention: {size: -1GB}}}';
    expect(problemsOf(() => loadText(text, 'a.yml'))).toEqual([
      'a.yml:1:36: not a valid size: "-1GB", want such as 512MB (at storage.tsdb.retention.size)',
    ]);
  });

  it('takes the file that Prometheus ships', () => {
    const text = [
      'global: {scrape_interval: 15s, evaluation_interval: 15s}',
      'alerting:',
      '  alertmanagers:',
      '    - static_configs:',
      '        - targets:',
      'rule_files:',
      'scrape_configs:',
      '  - job_name: "prometheus"',
      '    static_configs: [{targets: ["localhost:9090"], labels: {app: "prometheus"}}]',
    ].join('\n');
    expect(problemsOf(() => loadText(text, 'prometheus.yml'))).toEqual([]);
  });

  it('says what is not supported yet', () => {
    expect(problemsOf(() => loadText('rule_files: [a.yml]', 'a.yml'))).toEqual([
      'a.yml:1:13: rule files are not supported yet (at rule_files)',
    ]);
  });
});

describe('a file with many mistakes', () => {
  it('is told all of them at once, also what is wrong between its parts', () => {
    const text = [
      'globl: {}',
      'scrape_configs:',
      '- job_name: a',
      '- job_nam: b',
      '- job_name: a',
      '- job_name: c',
      '  scrape_interval: 5s',
      '  scrape_timeout: 10s',
    ].join('\n');
    expect(problemsOf(() => loadText(text, 'a.yml'))).toEqual([
      'a.yml:1:1: unknown field "globl"; did you mean "global"? (at globl)',
      'a.yml:4:3: job_name is empty (at scrape_configs[1].job_name)',
      'a.yml:4:3: unknown field "job_nam"; did you mean "job_name"? (at scrape_configs[1].job_nam)',
      'a.yml:5:13: found multiple scrape configs with job name "a" (at scrape_configs[2].job_name)',
      'a.yml:8:19: scrape timeout greater than scrape interval for scrape config with job name "c" (at scrape_configs[3].scrape_timeout)',
    ]);
  });
});

describe('loadConfig', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('joins the files it names, and places their problems in them', () => {
    write('b1.part.yml', 'scrape_configs: [{job_name: b}]');
    write('b2.part.yml', 'scrape_configs:\n- job_name: a\n');
    const file = write(
      'main.yml',
      'scrape_configs: [{job_name: a}]\nscrape_config_files: [b*.yml]',
    );
    expect(problemsOf(() => loadConfig(file))).toEqual([
      `${folder}/b2.part.yml:2:13: found multiple scrape configs with job name "a" (at scrape_configs[0].job_name)`,
    ]);
  });

  it('refuses bytes that are not UTF-8, and files that are not there', () => {
    const file = write('bytes.yml', Uint8Array.from([0x61, 0x3a, 0x20, 0xff]));
    expect(problemsOf(() => loadConfig(file))[0]).toContain('cannot read the file');
    expect(problemsOf(() => loadConfig(join(folder, 'none.yml')))[0]).toContain('ENOENT');
  });
});
