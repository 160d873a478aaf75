/* The keys above the panels, with the moving rates at the cursor (or at the newest frame). */

import { lowerBound } from './bisect.js';
import { el, find, svg } from './dom.js';
import { percent } from './format.js';
import { halfOf, movingRate } from './windows.js';

const stroke = (isDashed) =>
  svg(
    'svg',
    { viewBox: '0 0 20 8', 'aria-hidden': 'true' },
    svg('path', {
      d: 'M0 4H20',
      stroke: 'currentColor',
      'stroke-width': 2.4,
      'stroke-dasharray': isDashed ? '5 3' : null,
    }),
  );

const dot = (name) => el('i', { class: `dot ${name}` });

/** The run and row whose rates are named: at axis position x, or the newest. */
function pointAt(spans, x) {
  const span = x === null ? spans.at(-1) : spans.findLast((one) => one.x0 <= x);
  if (!span) return null;
  const { tally } = span;
  const i = x === null ? tally.n - 1 : lowerBound(tally.x, tally.n, x - span.x0);
  return { tally, i: Math.min(i, tally.n - 1) };
}

export function showLegend({ spans, cuts, isRange, hasScreened }, x = null) {
  const point = pointAt(spans, x);
  const value = (name) => {
    const rate = point && movingRate(point.tally, name, point.i);
    return rate && rate.value !== null ? el('b', {}, ` ${percent(rate.value)} %`) : null;
  };
  const entry = (name, text, rate, { isDashed = false, after = '' } = {}) =>
    el('span', {}, el('span', { class: name }, stroke(isDashed)), text, value(rate), after);
  find('#key-spots').replaceChildren(
    el('span', {}, dot('indexed'), 'indexed'),
    el('span', {}, dot('not-indexed'), 'not indexed'),
    hasScreened ? el('span', {}, dot('screened'), 'screened only') : '',
  );
  find('#key-rates').replaceChildren(
    entry('solvent', 'solvent', 'solvent', { after: ', right axis' }),
    entry('indexed', 'indexing', 'indexing'),
    entry('multi', 'multi-lattice', 'multi_lattice', { isDashed: true }),
  );
  const best = `${cuts.d_min_quality.toFixed(1)} Å or better`;
  find('#key-resolution').replaceChildren(
    el('span', {}, dot('quality'), 'resolution'),
    entry('ink', best, 'high_quality', { after: ', right axis, ±500 frames' }),
  );
  const half = point ? halfOf(point.tally.n, 'indexing') : 50;
  const band = isRange ? 'range where dense' : '95 % band';
  find('#note-rates').textContent = `moving, ±${half} frames, ${band}`;
}
