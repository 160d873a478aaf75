/* The row above the panels: how many runs, which tags, and the trial in the header. */

import { el, find, findAll } from './dom.js';

export function listenToControls(selection, onChange) {
  for (const button of findAll('[data-show]')) {
    button.onclick = () => {
      selection.show = button.dataset.show;
      onChange();
    };
  }
  find('#trial').onchange = (e) => {
    selection.trial = Number(e.target.value);
    onChange();
  };
}

export function showControls(selection, jobs, onChange) {
  for (const button of findAll('[data-show]')) {
    button.setAttribute('aria-pressed', String(button.dataset.show === selection.show));
  }
  const tags = selection.tagsOf(jobs);
  const box = find('#tags');
  const key = JSON.stringify(tags);
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren(...tags.map((tag) => chip(tag, selection, onChange)));
  }
  for (const button of box.children) {
    button.setAttribute('aria-pressed', String(selection.tags.has(button.textContent)));
  }
}

function chip(tag, selection, onChange) {
  const onclick = () => {
    if (!selection.tags.delete(tag)) selection.tags.add(tag);
    onChange();
  };
  return el('button', { type: 'button', onclick, title: 'Only runs with a pressed tag' }, tag);
}
