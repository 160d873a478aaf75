/* The I/σ table of a lattice, when the server sends its arrays; nothing otherwise. */

import { el } from './dom.js';

const SHELLS = 10;

/** Lower edge of each shell, Å: equal reciprocal volume down to d_min. */
const edgesOf = (dMin) =>
  Array.from({ length: SHELLS }, (_, k) => dMin * (SHELLS / (k + 1)) ** (1 / 3));

export function shellTable(shells, limit) {
  const dMin = shells?.d_min_angstrom ?? shells?.d_min;
  if (!Array.isArray(shells?.n) || !Array.isArray(shells?.mean) || !dMin) return null;
  const largest = Math.max(0.1, ...shells.mean.filter(Number.isFinite));
  const head = ['to d, Å', 'reflections', 'I/σ', ''].map((name) => el('th', { scope: 'col' }, name));
  const rows = edgesOf(dMin).map((edge, k) => {
    const mean = shells.mean[k];
    const isOut = !limit || edge < limit * 0.99;
    const width = Number.isFinite(mean) ? Math.max(0, (mean / largest) * 100) : 0;
    return el(
      'tr',
      { class: isOut ? 'out' : null },
      el('td', {}, edge.toFixed(2)),
      el('td', {}, String(shells.n[k])),
      el('td', {}, Number.isFinite(mean) ? mean.toFixed(1) : '–'),
      el('td', { class: 'bar' }, el('i', { style: `width: ${width}%` })),
    );
  });
  return el('table', { class: 'shells' }, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows));
}
