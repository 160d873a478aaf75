/* Light and dark: the system's choice until the button is pressed. */

import { find } from './dom.js';

const system = matchMedia('(prefers-color-scheme: dark)');

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : system.matches;
};

export function listenToTheme(onChange) {
  const button = find('#theme');
  const show = () => {
    button.textContent = isDark() ? 'Light theme' : 'Dark theme';
  };
  button.onclick = () => {
    document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
    show();
    onChange();
  };
  system.addEventListener('change', () => {
    show();
    onChange();
  });
  show();
}
