import {
  acceptCompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionStatus,
  moveCompletionSelection,
  selectedCompletionIndex,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { EditorState, type Extension, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import type { ApiClient } from '../api/client.ts';
import { completion, type ListKind } from './completion.ts';
import { errorMark } from './error-mark.ts';
import { hoverHelp } from './function-help.ts';
import { promqlLanguage } from './promql-language.ts';
import { createServerCatalog } from './server-catalog.ts';
import { editorTheme } from './theme.ts';
import { typedOver } from './typed-over.ts';

export interface CodeEditorOptions {
  /** Gets a shadow tree, which this editor then fills. */
  host: HTMLElement;
  text: string;
  /** The caret's offset in the text. */
  caret: number;
  label: string;
  client: ApiClient;
  /** Expressions that ran, newest first. */
  history: () => readonly string[];
  onChange: (text: string) => void;
  onRun: () => void;
}

export interface CodeEditor {
  setText(text: string): void;
  focus(): void;
  /** Shows what ran before, or closes that list. */
  toggleHistory(): void;
  destroy(): void;
}

/**
 * A PromQL editor. It lives in a shadow tree, because there its styles are made as sheets of the
 * document's object model: a content policy that forbids inline styles has nothing to allow.
 */
export function createCodeEditor(options: CodeEditorOptions): CodeEditor {
  const root = options.host.shadowRoot ?? options.host.attachShadow({ mode: 'open' });
  const list = createList(options.history);
  const { caret, text } = options;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      selection: { anchor: Math.min(caret, text.length) },
      extensions: extensionsOf(options, list),
    }),
  });
  return {
    setText(next) {
      if (next === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: next },
        selection: { anchor: next.length },
      });
    },
    focus: () => view.focus(),
    toggleHistory() {
      view.focus();
      if (list.kind() === 'history' && completionStatus(view.state) !== null) closeCompletion(view);
      else list.showHistory(view);
    },
    destroy: () => view.destroy(),
  };
}

/** Which of its two lists the box shows. */
function createList(entries: () => readonly string[]) {
  let kind: ListKind = 'names';
  return {
    kind: () => kind,
    /** False where nothing ran yet. */
    showHistory(view: EditorView): boolean {
      if (entries().length === 0) return false;
      closeCompletion(view);
      kind = 'history';
      return startCompletion(view);
    },
    /** Typing goes on with names; so does whoever opens the next list. */
    watch: EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged || completionStatus(state) === null) kind = 'names';
    }),
  };
}

type List = ReturnType<typeof createList>;

function extensionsOf(options: CodeEditorOptions, list: List): Extension {
  const catalog = createServerCatalog(options.client);
  const warmUp = () => {
    void catalog.metricNames();
    void catalog.metricMetadata();
    void catalog.functions();
    return false;
  };
  return [
    Prec.highest(keys(options, list)),
    promqlLanguage,
    completion({ catalog, kind: list.kind, history: options.history }),
    list.watch,
    errorMark((expression) => options.client.parseError(expression)),
    hoverHelp(catalog),
    history(),
    closeBrackets(),
    bracketMatching(),
    typedOver,
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
    EditorView.lineWrapping,
    placeholder('PromQL expression'),
    EditorView.contentAttributes.of({
      'aria-label': options.label,
      autocapitalize: 'off',
      spellcheck: 'false',
    }),
    EditorView.domEventHandlers({ focus: warmUp }),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) options.onChange(state.doc.toString());
    }),
    editorTheme,
  ];
}

function keys({ onRun }: CodeEditorOptions, list: List): Extension {
  return keymap.of([
    {
      key: 'Enter',
      run: (view) => {
        if (acceptCompletion(view)) return true;
        closeCompletion(view);
        onRun();
        return true;
      },
    },
    { key: 'Tab', run: acceptFirst },
    {
      key: 'ArrowUp',
      run: (view) => {
        const { empty, head } = view.state.selection.main;
        if (!empty || head !== 0 || completionStatus(view.state) !== null) return false;
        return list.showHistory(view);
      },
    },
  ]);
}

/** Tab takes the chosen option, or the best one; without a list it leaves the box. */
function acceptFirst(view: EditorView): boolean {
  if (completionStatus(view.state) !== 'active') return false;
  if ((selectedCompletionIndex(view.state) ?? -1) < 0) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}
