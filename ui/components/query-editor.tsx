import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { errorPlace, markedRange } from '../format/error-place.ts';
import { useApp } from '../state/app.ts';
import { type Completion, complete } from '../state/completion.ts';
import { CompletionList, optionId } from './completion-list.tsx';
import { HistoryIcon } from './icons.tsx';

interface QueryEditorProps {
  draft: Signal<string>;
  /** Runs what the box holds. */
  onRun: () => void;
}

interface Popup extends Completion {
  /** -1 while the user has not gone into the list: Enter then runs the query. */
  active: number;
  kind: 'names' | 'history';
}

/** The PromQL box with completion, history, and a mark where the server saw an error. */
export function QueryEditor({ draft, onRun }: QueryEditorProps) {
  const { query } = useApp();
  const box = useRef<HTMLTextAreaElement>(null);
  const popup = useSignal<Popup | null>(null);
  const actions = useEditorActions({ draft, popup, box, onRun });
  useGrowing(box, draft.value);
  const open = popup.value;
  return (
    <div class="editor" onFocusOut={actions.leave}>
      <div class="editor-field">
        <ErrorShade text={draft.value} />
        <textarea
          ref={box}
          class="editor-box"
          rows={1}
          value={draft.value}
          placeholder="PromQL expression"
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          aria-label="PromQL expression"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={open === null ? undefined : 'completions'}
          aria-activedescendant={
            open === null || open.active < 0 ? undefined : optionId(open.active)
          }
          aria-invalid={query.failure.value?.expression === draft.value}
          onInput={actions.input}
          onKeyDown={actions.key}
          onFocus={actions.focus}
        />
        {open !== null && (
          <CompletionList
            items={open.items}
            active={open.active}
            title={open.kind === 'history' ? 'History' : 'Completions'}
            onPick={actions.pick}
          />
        )}
      </div>
      <button
        type="button"
        class="button icon-only"
        onClick={actions.toggleHistory}
        aria-label="History of queries"
        title="History of queries (↑ at the start of the box)"
      >
        <HistoryIcon />
      </button>
      <button type="button" class="button primary" onClick={actions.run}>
        Run
      </button>
    </div>
  );
}

interface EditorParts {
  draft: Signal<string>;
  popup: Signal<Popup | null>;
  box: { current: HTMLTextAreaElement | null };
  onRun: () => void;
}

function useEditorActions({ draft, popup, box, onRun }: EditorParts) {
  const { catalog, history } = useApp();
  const close = () => {
    popup.value = null;
  };
  const run = () => {
    close();
    onRun();
  };
  const suggest = () => {
    const caret = box.current?.selectionStart ?? 0;
    const found = complete(draft.value, caret, catalog.items.value);
    popup.value = found === null ? null : { ...found, active: -1, kind: 'names' };
  };
  const showHistory = () => {
    const items = history.entries.value.map((text) => ({ text, kind: '', help: '' }));
    if (items.length === 0) return close();
    popup.value = { items, from: 0, to: draft.value.length, active: -1, kind: 'history' };
  };
  const pick = (index: number) => {
    const open = popup.value;
    const item = open?.items[index];
    if (open === null || item === undefined) return;
    const before = draft.value.slice(0, open.from);
    const after = draft.value.slice(open.to);
    const call = item.kind === 'function' && !after.startsWith('(') ? '(' : '';
    const inserted = item.text + call;
    draft.value = before + inserted + after;
    close();
    placeCaret(box, before.length + inserted.length);
  };
  const input = (event: Event) => {
    if (!(event.currentTarget instanceof HTMLTextAreaElement)) return;
    draft.value = event.currentTarget.value;
    const caret = event.currentTarget.selectionStart;
    if (/[\w:]/.test(draft.value[caret - 1] ?? '')) suggest();
    else close();
  };
  const key = (event: KeyboardEvent) => {
    const atStart = box.current?.selectionStart === 0 && box.current.selectionEnd === 0;
    if (popup.value !== null && keyInPopup(event, popup, pick)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      run();
    } else if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      suggest();
    } else if (event.key === 'ArrowUp' && atStart && popup.value === null) {
      event.preventDefault();
      showHistory();
    }
  };
  const leave = (event: FocusEvent) => {
    const parent = event.currentTarget;
    const target = event.relatedTarget;
    if (parent instanceof Node && target instanceof Node && parent.contains(target)) return;
    close();
  };
  const toggleHistory = () => {
    box.current?.focus();
    if (popup.value?.kind === 'history') close();
    else showHistory();
  };
  const focus = () => void catalog.refresh();
  return { run, pick, input, key, leave, toggleHistory, focus };
}

/** Keys that the open list takes; true when it did. */
function keyInPopup(
  event: KeyboardEvent,
  popup: Signal<Popup | null>,
  pick: (index: number) => void,
): boolean {
  const open = popup.value;
  if (open === null) return false;
  const count = open.items.length;
  switch (event.key) {
    case 'ArrowDown':
      popup.value = { ...open, active: (open.active + 1) % count };
      return true;
    case 'ArrowUp':
      popup.value = { ...open, active: open.active <= 0 ? count - 1 : open.active - 1 };
      return true;
    case 'Tab':
      if (event.shiftKey) return false;
      pick(Math.max(open.active, 0));
      return true;
    case 'Enter':
      if (open.active < 0 || event.shiftKey) return false;
      pick(open.active);
      return true;
    case 'Escape':
      popup.value = null;
      return true;
    default:
      return false;
  }
}

function placeCaret(box: { current: HTMLTextAreaElement | null }, offset: number): void {
  // After the box has its new text.
  requestAnimationFrame(() => {
    box.current?.focus();
    box.current?.setSelectionRange(offset, offset);
  });
}

/** Makes the box as high as its text. */
function useGrowing(box: { current: HTMLTextAreaElement | null }, text: string): void {
  const fit = () => {
    const element = box.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  };
  useLayoutEffect(fit, [text]);
  useEffect(() => {
    addEventListener('resize', fit);
    return () => removeEventListener('resize', fit);
  }, []);
}

/** Under the box, the same text unseen, with a wave under the place of the error. */
function ErrorShade({ text }: { text: string }) {
  const { query } = useApp();
  const failure = query.failure.value;
  if (failure === null || failure.expression !== text) return null;
  const place = errorPlace(failure.error.message, text);
  if (place === null) return null;
  const { from, to } = markedRange(text, place.offset);
  return (
    <div class="editor-shade" aria-hidden="true">
      {text.slice(0, from)}
      <mark>{text.slice(from, to)}</mark>
      {text.slice(to)}
    </div>
  );
}
