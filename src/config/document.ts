import type { z } from 'zod';
import { DEFAULT_CONFIG } from './default-config.ts';
import { fileOptions, formatDefault } from './file-form.ts';
import { configSchema, sections, unsupportedKeys } from './schema.ts';
import { choicesOf, defaultOf, descriptionOf, elementOf, isList, shapeOf } from './schema-walk.ts';

const HEAD = `# Configuration

Generated from the option schemas by \`npm run docs\`; do not edit.

The configuration file is Prometheus's; what only Tidegauge has stands under \`tidegauge\`. Verify a file with \`tidegauge check config FILE\`: it names every problem with its line and column, and the nearest key for a misspelt one. \`SIGHUP\` or \`POST /-/reload\` reads the file again; a bad one changes nothing. Scrape configurations, policies, certificates and token files take effect at a reload, the rest at the next start.

Durations are written \`30s\`, \`1h30m\`, \`15d\`; sizes \`512KB\`, \`32MB\`, \`1GB\` (powers of 1024).

Without a file the collector runs with:
`;

const SHOWN_DEFAULT = DEFAULT_CONFIG.replace(
  'LISTEN',
  String(defaultOf(sections.web.shape.listen)),
);

/** The page on the configuration, as Markdown. */
export function documentConfiguration(): string {
  const shape = shapeOf(configSchema) ?? {};
  const sectionKeys = ['global', 'scrape_configs', 'storage'];
  const parts = [
    `${HEAD}\n\`\`\`yaml\n${SHOWN_DEFAULT}\`\`\``,
    ...sectionKeys.flatMap((key) => documentMap(key, shape[key] as z.ZodType)),
    '## scrape_config_files',
    descriptionOf(shape['scrape_config_files'] as z.ZodType),
    ...Object.entries(sections).flatMap(([name, schema]) => documentSection(name, schema)),
    '## Not supported yet',
    'A file that uses one of these keys is refused with a message that says so. `rule_files`, `alerting`, `remote_write` and `remote_read` may stand in it while they are empty.',
    documentUnsupported(),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A table of the keys of a map, and after it the maps inside. */
function documentMap(path: string, schema: z.ZodType): string[] {
  const shape = shapeOf(schema) ?? shapeOf(elementOf(schema) ?? schema);
  if (shape === undefined) return [];
  const rows = Object.entries(shape).map(([key, value]) => [
    key,
    kindOf(value),
    descriptionOf(value),
  ]);
  const nested = Object.entries(shape).flatMap(([key, value]) =>
    documentMap(`${path}.${key}`, value),
  );
  return [`## ${path}`, table(['key', 'value', 'meaning'], rows), ...nested];
}

function kindOf(schema: z.ZodType): string {
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (shapeOf(schema) !== undefined) return 'map, below';
  const element = elementOf(schema);
  if (element === undefined) return '';
  const outer = isList(schema) ? 'list' : 'map';
  return shapeOf(element) === undefined ? outer : `${outer} of maps, below`;
}

function documentSection(name: string, schema: z.ZodObject): string[] {
  const rows = fileOptions(schema).map((option) => {
    const value = defaultOf(option.schema);
    const shown = value === undefined ? '' : `\`${formatDefault(option, value)}\``;
    return [option.key, shown, withoutUnit(descriptionOf(option.schema))];
  });
  const lists = fileOptions(schema).flatMap((option) => {
    const element = elementOf(option.schema);
    const isOfMaps = element !== undefined && shapeOf(element) !== undefined;
    return isOfMaps ? documentMap(`tidegauge.${name}.${option.key}`, option.schema) : [];
  });
  return [`## tidegauge.${name}`, table(['key', 'default', 'meaning'], rows), ...lists];
}

// Options are described in the unit of their name; in the file the value carries it.
function withoutUnit(text: string): string {
  return text
    .replace(/,? in (milliseconds|seconds|bytes)\b/g, '')
    .replace(/^(Milliseconds|Seconds|Bytes)\b/, (word) => (word === 'Bytes' ? 'Size' : 'Time'));
}

function documentUnsupported(): string {
  const rows = [...unsupportedKeys].map(([path, keys]) => [
    path === '' ? 'top level' : path.replaceAll('.*', ''),
    keys.map((key) => `\`${key}\``).join(', '),
  ]);
  return table(['in', 'keys'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;
  const code = rows.map(([first = '', ...rest]) => line([`\`${first}\``, ...rest]));
  return [line(head), `|${head.map(() => '---|').join('')}`, ...code].join('\n');
}
