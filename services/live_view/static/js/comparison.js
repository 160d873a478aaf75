/* A comparison as elements: the confusion matrix, the differences, the frames of one side only.
   Shows what the server answers; computes no statistics. */

import { el, svg } from './dom.js';
import { count, percent, plural } from './format.js';

const MINUS = '−';
const SPREADS = [
  ['Strong spots', (found) => found.n_strong, 0],
  ['Resolution, Å', (found) => found.d_min_angstrom, 3],
  ...['a', 'b', 'c'].map((edge, k) => [`Cell ${edge}, %`, (found) => found.cell_percent[k], 3]),
];

/** { head, why }: the answer in one sentence, and what it rests on. */
export function verdictOf(found) {
  if (!found.n_compared) {
    return { head: 'No frame has both results', why: overlapOf(found) };
  }
  const share = percent(found.agreement, 1);
  return {
    head: `Both say the same of ${share} % of ${plural(found.n_compared, 'frame')}: indexed or not`,
    why: [
      ...overlapOf(found),
      `equally many lattices on ${count(found.n_same_lattices)} of the ${count(found.n_indexed_by_both)} that both index`,
    ],
  };
}

function overlapOf(found) {
  const { n_only_first: first, n_only_second: second } = found;
  return [
    first && `${plural(first, 'frame')} with the first result only`,
    second && `${plural(second, 'frame')} with the second result only`,
  ].filter(Boolean);
}

export function confusion(found) {
  const cell = (n, name) => {
    const share = n / found.n_compared;
    const bar = el('i', { style: `width: ${(100 * share).toFixed(1)}%` });
    return el('td', { class: name }, el('b', {}, count(n)), el('span', {}, `${percent(share, 1)} %`), bar);
  };
  const head = (text, scope) => el('th', { scope }, text);
  return el(
    'table',
    { class: 'confusion' },
    el('thead', {}, el('tr', {}, el('td', { class: 'vh' }), head('Second indexes', 'col'), head('Second does not', 'col'))),
    el(
      'tbody',
      {},
      el('tr', {}, head('First indexes', 'row'), cell(found.n_indexed_by_both, 'both'), cell(found.n_indexed_by_first, 'one')),
      el('tr', {}, head('First does not', 'row'), cell(found.n_indexed_by_second, 'other'), cell(found.n_indexed_by_neither, 'neither')),
    ),
  );
}

export function differences(found) {
  const head = ['', 'frames', 'median', '5 to 95 %', ''].map((text) => el('th', { scope: 'col' }, text));
  return el(
    'table',
    { class: 'spreads' },
    el('thead', {}, el('tr', {}, head)),
    el('tbody', {}, SPREADS.map(([name, of, digits]) => spreadRow(name, of(found), digits))),
  );
}

function signed(value, digits) {
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return size;
  return `${value < 0 ? MINUS : '+'}${size}`;
}

function spreadRow(name, spread, digits) {
  const title = el('th', { scope: 'row' }, name);
  if (!spread.n) {
    const empty = ['0', '–', '–', ''].map((text) => el('td', {}, text));
    return el('tr', {}, title, empty);
  }
  const [low, high] = [spread.low, spread.high].map((value) => signed(value, digits));
  return el(
    'tr',
    {},
    title,
    el('td', {}, count(spread.n)),
    el('td', {}, signed(spread.median, digits)),
    el('td', {}, low === high ? low : `${low} … ${high}`),
    el('td', { class: 'strip' }, strip(spread)),
  );
}

/** The middle 90 % and the median around zero. */
function strip({ low, median, high }) {
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const x = (value) => 50 + (48 * value) / most;
  return svg(
    'svg',
    { viewBox: '0 0 100 18', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'range', x: x(low), y: 5, width: Math.max(0.6, x(high) - x(low)), height: 8 }),
    svg('line', { class: 'zero', x1: 50, x2: 50, y1: 0, y2: 18, 'vector-effect': 'non-scaling-stroke' }),
    svg('line', { class: 'middle', x1: x(median), x2: x(median), y1: 2, y2: 16, 'vector-effect': 'non-scaling-stroke' }),
  );
}

/** Heading and buttons of the frames that one side indexes and the other does not. */
export function frameList(section, title, frames, n, open) {
  section.hidden = false;
  const more = n > frames.length ? `, the first ${count(frames.length)} of them` : '';
  section.querySelector('h3').textContent = `${title}: ${plural(n, 'frame')}${more}`;
  section.querySelector('ol').replaceChildren(
    ...frames.map((frame) => el('li', {}, el('button', { type: 'button', onclick: () => open(frame) }, count(frame)))),
  );
}
