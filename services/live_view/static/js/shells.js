/* The I/σ table of a lattice. Its columns come as lists, or as the raw little-endian arrays of the
   message in base64; without them there is no table. */

import { el } from './dom.js';

const SHELLS = 10;

/** Lower edge of each shell, Å: equal reciprocal volume down to d_min. */
const edgesOf = (dMin) =>
  Array.from({ length: SHELLS }, (_, k) => dMin * (SHELLS / (k + 1)) ** (1 / 3));

function columnOf(value, Type) {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') return [];
  const bytes = Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
  return bytes.length % Type.BYTES_PER_ELEMENT ? [] : [...new Type(bytes.buffer)];
}

export function shellTable(shells, limit) {
  const dMin = shells?.d_min_angstrom;
  const n = columnOf(shells?.n, Uint32Array);
  const means = columnOf(shells?.mean, Float32Array);
  if (!dMin || n.length !== SHELLS || means.length !== SHELLS) return null;
  const largest = Math.max(0.1, ...means.filter(Number.isFinite));
  const head = ['to d, Å', 'reflections', 'I/σ', ''].map((name) => el('th', { scope: 'col' }, name));
  const rows = edgesOf(dMin).map((edge, k) => {
    const mean = means[k];
    const isOut = !limit || edge < limit * 0.99;
    const width = Number.isFinite(mean) ? Math.max(0, (mean / largest) * 100) : 0;
    return el(
      'tr',
      { class: isOut ? 'out' : null },
      el('td', {}, edge.toFixed(2)),
      el('td', {}, String(n[k])),
      el('td', {}, Number.isFinite(mean) ? mean.toFixed(1) : '–'),
      el('td', { class: 'bar' }, el('i', { style: `width: ${width}%` })),
    );
  });
  return el('table', { class: 'shells' }, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows));
}
