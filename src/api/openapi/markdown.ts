import type { AnswerSpec, ParamSpec, RouteSpec, RouteTag } from '../route.ts';
import { ROUTE_TAGS } from '../route.ts';

const HEAD = `# HTTP API

Generated from the table of routes by \`npm run docs\`; do not edit. The same as an [OpenAPI document](openapi.json), which the collector also serves at \`/api/v1/openapi.json\`.

The query API is Prometheus's: the same paths, parameters and answers, so that its clients (Grafana, \`promtool\`, client libraries) work as they are.

- Answers under \`/api/v1\` are JSON: \`{"status":"success","data":…}\`, with \`warnings\` and \`infos\` where there are any, or \`{"status":"error","errorType":"bad_data","error":"…"}\` with a status of 4xx or 5xx. Below, *data* is what stands under \`data\`.
- Routes that take POST read the parameters from a form as well (\`application/x-www-form-urlencoded\`); the form's come first.
- Times are Unix seconds with fraction, or RFC 3339. Durations are seconds with fraction, or as \`1h30m\`. Numbers in answers are texts (\`"+Inf"\`, \`"NaN"\`), times are numbers of seconds.
- Large answers are compressed for clients that take gzip. Other origins may ask (CORS) as \`cors_origin\` in the [configuration](configuration.md) says.
- An unknown path is answered with 404, another method with 405, both as plain text. HEAD works where GET does.

The examples are asked of a store with two series of \`up\`, five samples each.
`;

/** The page on the API, as Markdown. */
export function documentApi(routes: readonly RouteSpec[]): string {
  const tags = Object.keys(ROUTE_TAGS) as RouteTag[];
  const sections = tags.flatMap((tag) => {
    const own = routes.filter((route) => route.tag === tag);
    return own.length === 0 ? [] : [`## ${ROUTE_TAGS[tag]}`, ...own.map(documentRoute)];
  });
  return `${[HEAD.trimEnd(), overview(routes), ...sections].join('\n\n')}\n`;
}

function overview(routes: readonly RouteSpec[]): string {
  const rows = routes.map(({ path, methods, summary }) => [
    methods.join(', '),
    `\`${path}\``,
    summary,
  ]);
  return table(['method', 'path', 'what'], rows);
}

function documentRoute(route: RouteSpec): string {
  const { path, methods, summary, description, params, takes, failures = {} } = route;
  const parts = [`### ${methods.join(', ')} ${path}`, `${summary}.`];
  if (description !== undefined) parts.push(description);
  if (params.length > 0) parts.push(table(['parameter', 'type', 'meaning'], params.map(paramRow)));
  if (takes !== undefined) parts.push(`Takes ${takes.map((type) => `\`${type}\``).join(', ')}.`);
  parts.push(`Answer: ${answerText(route.answer)}`);
  const rows = Object.entries(failures);
  if (rows.length > 0) parts.push(table(['status', 'when'], rows));
  if (route.example !== undefined) parts.push(exampleOf(route.example, route.exampleData));
  return parts.join('\n\n');
}

function paramRow(param: ParamSpec): string[] {
  const { name, type, text, choices, required, repeated } = param;
  const notes = [
    param.in === 'path' ? 'in the path' : '',
    required === true ? 'required' : '',
    repeated === true ? 'repeatable' : '',
  ].filter((note) => note !== '');
  const kind = choices === undefined ? type : choices.map((choice) => `\`${choice}\``).join(', ');
  return [`\`${name}\``, [kind, ...notes].join('; '), text];
}

function answerText(answer: AnswerSpec): string {
  switch (answer.kind) {
    case 'empty':
      return `status ${answer.status}, no body.`;
    case 'body':
      return `${answer.types.map((type) => `\`${type}\``).join(' or ')}. ${answer.text}`;
    case 'json':
      return 'data in JSON.';
  }
}

function exampleOf(example: string, data: unknown): string {
  const command = `\`\`\`sh\ncurl -s 'http://127.0.0.1:9095${example}'\n\`\`\``;
  if (data === undefined) return command;
  return `${command}\n\n\`\`\`json\n${JSON.stringify({ status: 'success', data }, undefined, 2)}\n\`\`\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
