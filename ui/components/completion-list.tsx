import { useEffect, useRef } from 'preact/hooks';
import type { CompletionItem } from '../state/completion.ts';

/** Identity of an option, for `aria-activedescendant`. */
export function optionId(index: number): string {
  return `completion-${index}`;
}

interface CompletionListProps {
  items: readonly CompletionItem[];
  active: number;
  title: string;
  onPick: (index: number) => void;
}

/** The list below the query box. Focus stays in the box, so the list takes no mouse-down. */
export function CompletionList({ items, active, title, onPick }: CompletionListProps) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div class="completions" onMouseDown={(event) => event.preventDefault()}>
      <ul ref={list} id="completions" role="listbox" aria-label={title}>
        {items.map((item, index) => (
          <li
            key={item.text}
            id={optionId(index)}
            role="option"
            aria-selected={index === active}
            onClick={() => onPick(index)}
          >
            <span class="completion-text">{item.text}</span>
            {item.kind !== '' && <span class="badge">{item.kind}</span>}
            {item.help !== '' && <span class="completion-help">{item.help}</span>}
          </li>
        ))}
      </ul>
      <div class="completions-keys" aria-hidden="true">
        <kbd>↑</kbd> <kbd>↓</kbd> choose · <kbd>Tab</kbd> put in · <kbd>Esc</kbd> close
      </div>
    </div>
  );
}
