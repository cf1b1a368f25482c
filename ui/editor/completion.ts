import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
} from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { HybridComplete } from '@prometheus-io/codemirror-promql/dist/esm/complete/hybrid';
import { CALLED_NAME, knownToServer } from './known-functions.ts';
import type { ServerCatalog } from './server-catalog.ts';

/** What opens by itself while typing: after a name, and where a matcher's next part begins. */
const OPENS_LIST = /[\w:{,"'`=~]$/;
/** Looked at in front of the caret for that. */
const LOOK_BACK = 2;

/** What the list under the box shows. */
export type ListKind = 'names' | 'history';

export interface CompletionOptions {
  catalog: ServerCatalog;
  kind: () => ListKind;
  /** Expressions that ran, newest first. */
  history: () => readonly string[];
}

/** An option whose help stands in its own line of the list, where a phone shows it as well. */
interface HelpfulCompletion extends Completion {
  help?: string;
}

/** Metric names, labels, values, functions; or what ran before. Nothing is chosen at first. */
export function completion(options: CompletionOptions): Extension {
  const strategy = new HybridComplete(options.catalog);
  const source = async (context: CompletionContext): Promise<CompletionResult | null> => {
    if (options.kind() === 'history') return historyResult(context, options.history());
    const before = context.state.sliceDoc(Math.max(0, context.pos - LOOK_BACK), context.pos);
    if (!context.explicit && !OPENS_LIST.test(before)) return null;
    const [result, functions] = await Promise.all([
      strategy.promQL(context),
      options.catalog.functions(),
    ]);
    if (result === null) return null;
    return { ...result, options: knownToServer(result.options, functions).map(helpful) };
  };
  return autocompletion({
    override: [source],
    selectOnOpen: false,
    interactionDelay: 0,
    icons: false,
    maxRenderedOptions: 60,
    addToOptions: [{ render: renderHelp, position: 90 }],
  });
}

function historyResult(
  context: CompletionContext,
  entries: readonly string[],
): CompletionResult | null {
  if (entries.length === 0) return null;
  const options = entries.map((text) => ({
    label: text,
    displayLabel: text.replace(/\s*\n\s*/g, ' '),
  }));
  return { from: 0, to: context.state.doc.length, options, filter: false };
}

function helpful(option: Completion): HelpfulCompletion {
  const { info, ...rest } = option;
  const shown: HelpfulCompletion = typeof info === 'string' ? { ...rest, help: info } : rest;
  const isCall = CALLED_NAME.test(option.label) && option.detail !== 'snippet';
  const takesParentheses = option.type === 'function' || option.detail === 'aggregation';
  return isCall && takesParentheses ? { ...shown, apply: applyCall } : shown;
}

/** Puts the parentheses in with a function's name, and the caret between them. */
function applyCall(view: EditorView, option: Completion, from: number, to: number): void {
  const isCalled = view.state.sliceDoc(to, to + 1) === '(';
  const insert = isCalled ? option.label : `${option.label}()`;
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + option.label.length + 1 },
    annotations: pickedCompletion.of(option),
    userEvent: 'input.complete',
  });
}

function renderHelp(option: Completion): Node | null {
  const { help } = option as HelpfulCompletion;
  if (help === undefined || help === '') return null;
  const span = document.createElement('span');
  span.className = 'cm-completionHelp';
  span.textContent = help;
  return span;
}
