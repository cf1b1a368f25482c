import { hoverTooltip, type Tooltip } from '@codemirror/view';
import {
  aggregateOpTerms,
  functionIdentifierTerms,
} from '@prometheus-io/codemirror-promql/dist/esm/complete/promql.terms';
import type { ServerCatalog } from './server-catalog.ts';
import { wordAround } from './word-around.ts';

const CALLABLE: ReadonlyMap<string, string> = new Map(
  [...functionIdentifierTerms, ...aggregateOpTerms].map(({ label, info }) => [label, info]),
);
const SUFFIX = /_(bucket|count|sum|total)$/;

/** A sentence about the function, or type and help of the metric, under the pointer. */
export function hoverHelp(catalog: ServerCatalog) {
  return hoverTooltip(async (view, pos): Promise<Tooltip | null> => {
    const { from: lineFrom, text: line } = view.state.doc.lineAt(pos);
    const word = wordAround(line, pos - lineFrom);
    if (word === null) return null;
    const name = line.slice(word.from, word.to);
    const text = CALLABLE.get(name.toLowerCase()) ?? (await metricHelp(catalog, name));
    if (text === '') return null;
    return {
      pos: lineFrom + word.from,
      end: lineFrom + word.to,
      above: false,
      create: () => ({ dom: helpNode(name, text) }),
    };
  });
}

async function metricHelp(catalog: ServerCatalog, name: string): Promise<string> {
  const metadata = await catalog.metricMetadata();
  const known = metadata[name]?.[0] ?? metadata[name.replace(SUFFIX, '')]?.[0];
  if (known === undefined) return '';
  return known.help === '' ? known.type : `${known.type}: ${known.help}`;
}

function helpNode(name: string, text: string): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'cm-hoverHelp';
  const code = document.createElement('code');
  code.textContent = name;
  dom.append(code, ` ${text}`);
  return dom;
}
