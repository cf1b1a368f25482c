import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ConfigError, loadConfig, loadText } from '../../../src/config/index.ts';
import { parseTargetFile } from '../../../src/ingest/index.ts';
import type { ConformanceArea, ConformanceCase } from '../area.ts';
import { ConformanceFailure } from '../area.ts';

interface Expectation {
  readonly loads: boolean | null;
  readonly error_contains: string | null;
}

/** Refusals of parts that this version does not have: any refusal is right for them. */
const OTHER_PARTS =
  /^(alertmanager|azure|ec2|eureka|hetzner|http_token|ionos|kubernetes|lightsail|marathon|oci|openstack|otlp|outscale|ovhcloud|puppetdb|remote_(read|write)|rules|scaleway|stackit|tracing|tsdb|uyuni|empty_(alert|rr|rw)|http_url)/;

/** Good files about what is supported all through. */
const SCRAPE_FORMATS = /scrape_protocol|native_hist|classic_hist/;

/**
 * Configuration files. A good one must load, or be refused for nothing but what is not supported
 * yet; a bad one must be refused, and not merely as unsupported where it concerns what is.
 */
export const area: ConformanceArea = {
  name: 'config',
  notes:
    'a good file that uses what is not supported yet passes when it is refused for that alone ' +
    '(not one about the formats of scrapes); ' +
    'rule files, web and VictoriaMetrics relabelling extras are not looked at',
  async cases(root) {
    const folder = join(root, 'config');
    return [
      ...prometheusCases(folder),
      ...exampleCases(folder),
      ...httpClientCases(folder),
      ...discoveryCases(folder),
    ];
  },
};

function prometheusCases(folder: string): ConformanceCase[] {
  const directory = join(folder, 'prometheus');
  const text = readFileSync(join(directory, 'expected.json'), 'utf8');
  const expected = JSON.parse(text) as Record<string, Expectation>;
  return Object.entries(expected)
    .filter(([name, { loads }]) => loads !== null && hasWhatItNames(directory, name))
    .map(([name, { loads, error_contains: reason }]) => ({
      file: `prometheus/${name}`,
      name: loads === true ? 'loads' : 'is refused',
      run: () => {
        const problems = problemsOf(() => loadConfig(join(directory, name)));
        if (loads === true) expectGood(SCRAPE_FORMATS.test(name) ? asInvalid(problems) : problems);
        else expectBad(problems, OTHER_PARTS.test(name), reason ?? 'a refusal');
      },
    }));
}

function exampleCases(folder: string): ConformanceCase[] {
  const files = readdirSync(join(folder, 'examples')).filter((name) =>
    name.startsWith('prometheus-'),
  );
  return files.map((name) => ({
    file: `examples/${name}`,
    name: 'loads',
    run: () => expectGood(problemsOf(() => loadConfig(join(folder, 'examples', name)))),
  }));
}

/** Some name a further file, which may be among the cases that are not here. */
function hasWhatItNames(directory: string, name: string): boolean {
  if (!/^scrape_config_files_(combined|only)\.good/.test(name)) return true;
  return existsSync(join(directory, 'scrape_config_files.good.yml'));
}

/** A file with a secret is read, and found missing, only when it is used. */
const FAILS_WHEN_USED = 'http.conf.invalid-bearer-token-file.bad.yml';

/** The HTTP client's part alone, put into a scrape configuration of its own. */
function httpClientCases(folder: string): ConformanceCase[] {
  const directory = join(folder, 'http-client');
  const files = readdirSync(directory).filter((name) => name !== FAILS_WHEN_USED);
  return files.map((name) => {
    const bad = name.includes('.bad');
    return {
      file: `http-client/${name}`,
      name: bad ? 'is refused' : 'loads',
      run: () => {
        const part = (parse(readFileSync(join(directory, name), 'utf8')) ?? {}) as object;
        const client = name.startsWith('tls_config') ? { tls_config: part } : part;
        const config = { scrape_configs: [{ job_name: 'client', ...client }] };
        const problems = problemsOf(() => loadText(stringify(config), join(directory, name)));
        if (bad) expectBad(problems, true, 'a refusal');
        else expectGood(problems);
      },
    };
  });
}

function discoveryCases(folder: string): ConformanceCase[] {
  const directory = join(folder, 'service-discovery');
  return readdirSync(directory)
    .filter((name) => /^(file|promtool)/.test(name))
    .map((name) => {
      const bad = name.includes('invalid') || name.includes('bad');
      return {
        file: `service-discovery/${name}`,
        name: bad ? 'is refused' : 'loads',
        run: () => {
          const text = readFileSync(join(directory, name), 'utf8');
          const refused = refusalOf(() => parseTargetFile(name, text));
          if (bad && refused === undefined) throw new ConformanceFailure('a refusal', 'it loads');
          if (!bad && refused !== undefined) throw new ConformanceFailure('it loads', refused);
        },
      };
    });
}

function expectGood(problems: ConfigError['problems']): void {
  const wrong = problems.filter((problem) => problem.kind !== 'unsupported');
  if (wrong.length > 0) throw new ConformanceFailure('it loads', new ConfigError(wrong).message);
}

function asInvalid(problems: ConfigError['problems']): ConfigError['problems'] {
  return problems.map((problem) => ({ ...problem, kind: 'invalid' }));
}

function expectBad(problems: ConfigError['problems'], anyReason: boolean, reason: string): void {
  if (problems.length === 0) throw new ConformanceFailure(reason, 'it loads');
  if (!anyReason && problems.every((problem) => problem.kind === 'unsupported')) {
    throw new ConformanceFailure(reason, new ConfigError(problems).message);
  }
}

function problemsOf(load: () => unknown): ConfigError['problems'] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function refusalOf(load: () => unknown): string | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
