import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The page's variables reach into the editor's shadow tree; its rules do not. */
const look = EditorView.theme({
  '&': {
    border: '1px solid var(--line-strong)',
    borderRadius: 'var(--radius-small)',
    background: 'var(--sunken)',
    color: 'var(--ink)',
  },
  '&.cm-focused': {
    borderColor: 'var(--focus)',
    outline: '2px solid var(--focus)',
    outlineOffset: '-1px',
  },
  '&:has([aria-invalid="true"])': { borderColor: 'var(--bad)' },
  '.cm-scroller': {
    maxHeight: '50vh',
    overflow: 'auto',
    font: 'var(--editor-size, 14px) / 20px var(--mono)',
  },
  '.cm-content': { padding: '9px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 12px', overflowWrap: 'anywhere' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    background: 'none',
    outline: '1px solid var(--line-strong)',
  },
  '&:not(.cm-focused) .cm-matchingBracket': { outline: 'none' },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { background: 'none' },
  '.cm-lintRange-error': {
    background: 'none',
    textDecoration: 'underline wavy var(--bad)',
    textDecorationSkipInk: 'none',
    textUnderlineOffset: '3px',
  },
  '.cm-snippetField': { background: 'var(--sea-soft)' },
});

const popups = EditorView.theme({
  '.cm-tooltip': {
    zIndex: '6',
    overflow: 'hidden',
    maxWidth: 'calc(100vw - 24px)',
    border: '1px solid var(--line-strong)',
    borderRadius: 'var(--radius)',
    background: 'var(--card)',
    boxShadow: 'var(--shadow-high)',
    color: 'var(--ink)',
  },
  '.cm-tooltip.cm-tooltip-below': { marginTop: '6px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    boxSizing: 'border-box',
    minWidth: 'min(420px, calc(100vw - 26px))',
    maxWidth: 'min(820px, calc(100vw - 26px))',
    maxHeight: 'min(336px, 45vh)',
    padding: '4px',
    fontFamily: 'var(--mono)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    gap: '8px',
    alignItems: 'baseline',
    padding: '3px 8px',
    borderRadius: 'var(--radius-small)',
    font: '13px / 20px var(--mono)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    background: 'var(--sea-soft)',
    boxShadow: 'inset 3px 0 0 var(--sea)',
    color: 'var(--ink)',
  },
  '.cm-completionLabel': {
    flex: '0 1 auto',
    minWidth: '50%',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionDetail': {
    marginLeft: '0',
    padding: '0 6px',
    borderRadius: '999px',
    background: 'var(--sunken)',
    color: 'var(--ink-soft)',
    font: '12px / 18px var(--sans)',
  },
  '.cm-completionHelp': {
    flex: '1 1 0',
    minWidth: '40px',
    overflow: 'hidden',
    color: 'var(--ink-soft)',
    font: '12px / 18px var(--sans)',
    textOverflow: 'ellipsis',
  },
  '.cm-hoverHelp': { maxWidth: '420px', padding: '6px 10px', font: '13px / 18px var(--sans)' },
  '.cm-hoverHelp code': { fontFamily: 'var(--mono)', fontWeight: '700' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnosticText': { font: '13px / 18px var(--sans)' },
});

const colours = HighlightStyle.define([
  { tag: tags.function(tags.variableName), color: 'var(--code-function)' },
  { tag: [tags.operatorKeyword, tags.modifier, tags.keyword], color: 'var(--code-keyword)' },
  { tag: tags.logicOperator, color: 'var(--code-keyword)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: tags.comment, color: 'var(--ink-soft)', fontStyle: 'italic' },
]);

/** The page's look in either scheme, colours of the language included. */
export const editorTheme: Extension = [look, popups, syntaxHighlighting(colours)];
