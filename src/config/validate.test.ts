import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from './errors.ts';
import { validate } from './validate.ts';
import { parseYaml } from './yaml-source.ts';

const schema = z.strictObject({
  global: z
    .strictObject({
      scrape_interval: z.string().default('1m'),
      honor: z.boolean().optional(),
      limit: z.int().optional(),
    })
    .prefault({}),
  jobs: z
    .array(
      z.strictObject({
        job_name: z.string().min(1, 'job_name is empty'),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
});
const unsupported = new Map([
  ['', ['rule_files']],
  ['jobs.*', ['consul_sd_configs']],
]);

function load(text: string) {
  return validate(parseYaml(text, 'a.yml'), schema, unsupported);
}

function problems(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('validate', () => {
  it('takes an empty file as all defaults', () => {
    expect(load('').global.scrape_interval).toBe('1m');
    expect(load('# nothing\n').jobs).toEqual([]);
  });

  it('reads plain scalars by their own text where text is wanted', () => {
    const config = load('jobs:\n- job_name: 1.10\n  labels: {port: 0x10, on: yes}\n');
    expect(config.jobs[0]).toEqual({ job_name: '1.10', labels: { port: '0x10', on: 'yes' } });
    expect(load('global: {honor: yes}').global.honor).toBe(true);
    expect(load('global: {honor: True, limit: 1e3}').global).toMatchObject({
      honor: true,
      limit: 1000,
    });
  });

  it('reports every problem with line, column and path', () => {
    const text = [
      'global:',
      '  scrape_intervall: 5s',
      'rule_files: [a.yml]',
      'jobs:',
      '- job_name: ""',
      '  consul_sd_configs: []',
      '  honour: 1',
    ].join('\n');
    expect(problems(text)).toEqual([
      'a.yml:2:3: unknown field "scrape_intervall"; did you mean "scrape_interval"? (at global.scrape_intervall)',
      'a.yml:3:1: "rule_files" is not supported yet (at rule_files)',
      'a.yml:5:13: job_name is empty (at jobs[0].job_name)',
      'a.yml:6:3: "consul_sd_configs" is not supported yet (at jobs[0].consul_sd_configs)',
      'a.yml:7:3: unknown field "honour" (at jobs[0].honour)',
    ]);
  });

  it('says what is empty', () => {
    expect(problems('jobs:\n- \n')).toEqual([
      'a.yml:2:3: empty where a mapping is wanted (at jobs[0])',
    ]);
  });

  it('says what is there and what is wanted', () => {
    expect(problems('[1]')).toEqual(['a.yml:1:1: this is a list, want a mapping']);
    expect(problems('jobs: 5')).toEqual(['a.yml:1:7: this is a number "5", want a list (at jobs)']);
    expect(problems('jobs: [{}]')).toEqual([
      'a.yml:1:8: missing, want a text (at jobs[0].job_name)',
    ]);
  });

  it('refuses aliases that multiply, and does not go on about a broken file', () => {
    const names = 'bcdefghij'.split('');
    const bomb = names.map((name, at) => {
      const previous = at === 0 ? 'x' : `*${names[at - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 9 }, () => previous).join(',')}]`;
    });
    expect(problems(bomb.join('\n'))[0]).toContain('not valid YAML');
    expect(problems('['.repeat(1000)).length).toBeLessThan(30);
  });

  it('names broken YAML and repeated keys by place', () => {
    expect(problems('global: [')[0]).toMatch(/^a\.yml:1:\d+: not valid YAML: /);
    expect(problems('jobs: []\njobs: []')[0]).toMatch(/^a\.yml:2:1: not valid YAML: .*unique/);
  });
});
