import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { CodeEditor } from '../editor/code-editor.ts';
import { useApp } from '../state/app.ts';
import { HistoryIcon } from './icons.tsx';

const LABEL = 'PromQL expression';

interface QueryEditorProps {
  draft: Signal<string>;
  /** Runs what the box holds. */
  onRun: () => void;
}

/**
 * The PromQL box. A plain one is there at once and takes queries; the editor with completion,
 * colours and marks replaces it as soon as its own script is loaded, text and caret kept.
 */
export function QueryEditor({ draft, onRun }: QueryEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const editor = useCodeEditor({ draft, onRun, host, plain });
  return (
    <div class="editor">
      <div class="editor-field">
        <div ref={host} class="editor-code" />
        {editor === null && <PlainBox box={plain} draft={draft} onRun={onRun} />}
      </div>
      <button
        type="button"
        class="button icon-only"
        // The box keeps the focus, and with it its list.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => editor?.toggleHistory()}
        disabled={editor === null}
        aria-label="History of queries"
        title="History of queries (↑ at the start of the box)"
      >
        <HistoryIcon />
      </button>
      <button type="button" class="button primary" onClick={onRun}>
        Run
      </button>
    </div>
  );
}

interface EditorParts extends QueryEditorProps {
  host: { current: HTMLDivElement | null };
  plain: { current: HTMLTextAreaElement | null };
}

/** Loads the editor once; null until it stands, and for ever where its script cannot be had. */
function useCodeEditor({ draft, onRun, host, plain }: EditorParts): CodeEditor | null {
  const { client, history } = useApp();
  const editor = useSignal<CodeEditor | null>(null);
  const run = useRef(onRun);
  run.current = onRun;
  useEffect(() => {
    let isGone = false;
    const mount = async () => {
      const { createCodeEditor } = await import('../editor/code-editor.ts');
      if (isGone || host.current === null) return;
      const hadFocus = document.activeElement === plain.current;
      editor.value = createCodeEditor({
        host: host.current,
        text: draft.value,
        caret: plain.current?.selectionStart ?? draft.value.length,
        label: LABEL,
        client,
        history: () => history.entries.value,
        onChange: (text) => {
          draft.value = text;
        },
        onRun: () => run.current(),
      });
      if (hadFocus) editor.value.focus();
    };
    mount().catch(() => {
      // The plain box goes on working: a collector that is away says so by itself.
    });
    return () => {
      isGone = true;
      editor.value?.destroy();
    };
  }, []);
  useEffect(() => editor.value?.setText(draft.value), [draft.value]);
  return editor.value;
}

interface PlainBoxProps extends QueryEditorProps {
  box: { current: HTMLTextAreaElement | null };
}

function PlainBox({ box, draft, onRun }: PlainBoxProps) {
  return (
    <textarea
      ref={box}
      class="editor-plain"
      rows={Math.max(1, draft.value.split('\n').length)}
      value={draft.value}
      placeholder={LABEL}
      aria-label={LABEL}
      spellcheck={false}
      autocapitalize="off"
      autocomplete="off"
      onInput={(event) => {
        draft.value = event.currentTarget.value;
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        onRun();
      }}
    />
  );
}
