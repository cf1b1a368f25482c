import { useSignal } from '@preact/signals';
import { CheckIcon, CopyIcon } from './icons.tsx';

const SHOWN_MS = 1500;

interface CopyButtonProps {
  /** Made when asked for: it may be long. */
  text: () => string;
  label: string;
  /** Shows the label beside the icon. */
  wide?: boolean;
}

/** Copies a text and says whether that worked. */
export function CopyButton({ text, label, wide = false }: CopyButtonProps) {
  const state = useSignal<'idle' | 'done' | 'failed'>('idle');
  const onClick = () => {
    void copyText(text()).then((done) => {
      state.value = done ? 'done' : 'failed';
      setTimeout(() => {
        state.value = 'idle';
      }, SHOWN_MS);
    });
  };
  const said = state.value === 'done' ? 'Copied' : state.value === 'failed' ? 'Not copied' : label;
  return (
    <button
      type="button"
      class={wide ? 'button' : 'icon-button small'}
      onClick={onClick}
      title={said}
      aria-label={said}
    >
      {state.value === 'done' ? <CheckIcon /> : <CopyIcon />}
      {wide && <span>{said}</span>}
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Over plain HTTP from another machine browsers have no clipboard API, but this still works. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'off-screen';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
