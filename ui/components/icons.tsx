import type { ComponentChildren } from 'preact';

/** The project's mark: a gauge board with the tide against it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect class="mark-board" width="32" height="32" rx="7" />
      <path class="mark-scale" d="M9 6v20M9 8h5M9 13h3M9 18h5M9 23h3" />
      <path class="mark-tide" d="M14 18c2-3.5 4-3.5 6 0s4 3.5 6 0" />
    </svg>
  );
}

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {children}
    </svg>
  );
}

export function SunIcon() {
  return (
    <Icon>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M3 13l1.4-1.4M11.6 4.4 13 3" />
    </Icon>
  );
}

export function MoonIcon() {
  return (
    <Icon>
      <path d="M13.5 9.5A6 6 0 0 1 6.5 2.500a6 6 0 1 0 7 7z" />
    </Icon>
  );
}

export function HistoryIcon() {
  return (
    <Icon>
      <path d="M2.5 8a5.5 5.5 0 1 0 1.6-3.900L2 6M2 2.500V6h3.500M8 5v3.200l2.2 1.3" />
    </Icon>
  );
}

export function CopyIcon() {
  return (
    <Icon>
      <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
      <path d="M10.5 3.500v-1h-8v8h1" />
    </Icon>
  );
}

export function CheckIcon() {
  return (
    <Icon>
      <path d="m3 8.5 3.2 3L13 4.5" />
    </Icon>
  );
}

export function ChevronIcon() {
  return (
    <Icon>
      <path d="m6 3.5 4.5 4.500L6 12.5" />
    </Icon>
  );
}
