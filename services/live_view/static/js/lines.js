/* The moving rates as points to draw: every frame when few are in view, else one point per few
   pixels with the range in which the rate moved. Pure. */

import { visible } from './raster.js';
import { halfOf } from './windows.js';
import { RATES, wilson } from './rates.js';

/** Above this many frames per pixel a range says more than each window's interval. */
const DENSE = 10;
const DENSE_BIN_PX = 4;
const MOST_PER_BIN = 256;
/** Rates over fewer frames than this are drawn faint. */
export const FEW = 20;

const PARTS = ['value', 'faint', 'low', 'high'];

/** { x, isRange, rates: { name: { value, faint, low, high } } }; null where there is nothing. */
export function linesOf(spans, names, [low, high], widthPx) {
  const out = { x: [], isRange: false, rates: {} };
  for (const name of names) {
    out.rates[name] = Object.fromEntries(PARTS.map((part) => [part, []]));
  }
  const parts = spans.map((span) => visible(span, low, high));
  const rows = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  const perPixel = rows / Math.max(1, widthPx);
  out.isRange = perPixel > DENSE;
  const binSeconds =
    perPixel <= 1 ? 0 : ((high - low) / widthPx) * (out.isRange ? DENSE_BIN_PX : 1);
  spans.forEach((span, k) => addRun(out, span, names, parts[k], binSeconds));
  return out;
}

function addRun(out, span, names, [from, to], binSeconds) {
  const { tally, x0 } = span;
  if (to <= from && !(from > 0 && from < tally.n)) return;
  const end = Math.min(tally.n, to + 1);
  for (let i = Math.max(0, from - 1); i < end; ) {
    let next = i + 1;
    // Bins lie at fixed places of the run, so that appending never moves a drawn point.
    const bin = binSeconds ? Math.floor(tally.x[i] / binSeconds) : i;
    if (binSeconds) {
      while (next < end && Math.floor(tally.x[next] / binSeconds) === bin) next += 1;
    }
    addPoint(out, span, names, i, next);
    if (i === 0 && next === tally.n) repeatLast(out, names, span.x1);
    const step = next < tally.n ? tally.x[next] - tally.x[next - 1] : Infinity;
    if (step > tally.silenceSeconds) addBreak(out, names, out.x.at(-1));
    i = next;
  }
}

function addPoint(out, { tally, x0 }, names, from, to) {
  out.x.push(x0 + (tally.x[from] + tally.x[to - 1]) / 2);
  for (const name of names) {
    const point = pointOf(tally, name, from, to, out.isRange);
    const { value, faint, low, high } = out.rates[name];
    const isFew = point !== null && point.denominator < FEW;
    const before = faint.at(-1);
    value.push(point && !isFew ? point.value : null);
    faint.push(isFew ? point.value : null);
    low.push(point && !isFew ? point.low : null);
    high.push(point && !isFew ? point.high : null);
    // A faint stretch and its solid neighbour share a point, else the line would tear.
    if (isFew && value.at(-2) !== null && value.length > 1) faint[faint.length - 2] ??= value.at(-2);
    if (point && !isFew && before !== null && before !== undefined) {
      faint[faint.length - 1] = point.value;
    }
  }
}

/** A run that is a single point becomes a short line. */
function repeatLast(out, names, x) {
  out.x.push(x);
  for (const name of names) {
    for (const part of PARTS) out.rates[name][part].push(out.rates[name][part].at(-1));
  }
}

function addBreak(out, names, x) {
  out.x.push(x + 1e-6);
  for (const name of names) for (const part of PARTS) out.rates[name][part].push(null);
}

/** One drawn point over rows [from, to): the mean of the rates there, and their range. */
function pointOf(tally, name, from, to, isRange) {
  const { numerator, denominator } = RATES[name];
  const top = tally.sums[numerator];
  const bottom = denominator ? tally.sums[denominator] : null;
  const half = halfOf(tally.n, name);
  const stride = Math.max(1, Math.floor((to - from) / MOST_PER_BIN));
  const point = { n: 0, value: 0, low: 0, high: 0, min: 1, max: 0, denominator: Infinity };
  for (let i = from; i < to; i += stride) {
    const a = Math.max(0, i - half);
    const b = Math.min(i + half, tally.n);
    const of = bottom ? bottom[b] - bottom[a] : b - a;
    if (of) include(point, top[b] - top[a], of, isRange);
  }
  if (!point.n) return null;
  const { n } = point;
  return {
    value: point.value / n,
    low: isRange ? point.min : point.low / n,
    high: isRange ? point.max : point.high / n,
    denominator: point.denominator,
  };
}

function include(point, numerator, denominator, isRange) {
  const value = numerator / denominator;
  point.n += 1;
  point.value += value;
  point.denominator = Math.min(point.denominator, denominator);
  if (isRange) {
    point.min = Math.min(point.min, value);
    point.max = Math.max(point.max, value);
  } else {
    const interval = wilson(numerator, denominator);
    point.low += interval.low;
    point.high += interval.high;
  }
}
