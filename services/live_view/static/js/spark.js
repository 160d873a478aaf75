/* The course of a rate over the last five minutes as a small line with its interval. */

import { svg } from './dom.js';
import { rateOver } from './rates.js';
import { after, since } from './windows.js';

const SPAN_S = 300;
const STEP_S = 5;
const WINDOW_S = 10;
const WIDTH = 100;
const HEIGHT = 42;
const ENOUGH = 10;

export function sparkline(tally, name, colour) {
  const attributes = {
    class: 'spark',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    style: `--c: var(--${colour})`,
    'aria-hidden': 'true',
  };
  const points = tally?.n && tally.isMonotone ? course(tally, name) : [];
  if (points.length < 2) return svg('svg', attributes);
  const top = Math.max(0.02, ...points.map(({ rate }) => rate.high));
  const x = (at) => (((at + SPAN_S) / SPAN_S) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1);
  const path = (list, part) => list.map(({ at, rate }) => `${x(at)} ${y(rate[part])}`).join('L');
  const band = `M${path(points, 'high')}L${path([...points].reverse(), 'low')}Z`;
  return svg(
    'svg',
    attributes,
    svg('path', { class: 'band', d: band }),
    svg('path', { d: `M${path(points, 'value')}` }),
  );
}

/** Rates over 10 s, every 5 s, where enough frames carry them. */
function course(tally, name) {
  const points = [];
  for (let at = -SPAN_S; at <= 0; at += STEP_S) {
    const end = tally.newestUs + at * 1e6;
    if (end < tally.us[0] + WINDOW_S * 1e6) continue;
    const rate = rateOver(tally, name, since(tally, end - WINDOW_S * 1e6), after(tally, end));
    if (rate.denominator >= ENOUGH) points.push({ at, rate });
  }
  return points;
}
