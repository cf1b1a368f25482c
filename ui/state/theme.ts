import { computed, effect, signal } from '@preact/signals';
import { readStored, writeStored } from './stored.ts';

/** `system` follows the browser's preference. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'tidegauge.theme';

/** The chosen and the resulting colour scheme; writes it to the document as it changes. */
export function createTheme() {
  const preference = matchMedia('(prefers-color-scheme: dark)');
  const systemDark = signal(preference.matches);
  preference.addEventListener('change', () => {
    systemDark.value = preference.matches;
  });
  const stored = readStored<unknown>(KEY, 'system');
  const choice = signal<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'system');
  const dark = computed(() =>
    choice.value === 'system' ? systemDark.value : choice.value === 'dark',
  );
  effect(() => {
    document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
  });
  const toggle = () => {
    const next = dark.value ? 'light' : 'dark';
    // Back on the system's own choice, following it is what the user wants.
    choice.value = (next === 'dark') === systemDark.value ? 'system' : next;
    writeStored(KEY, choice.value);
  };
  return { dark, toggle };
}
