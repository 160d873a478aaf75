/* Ends of the axes: from a sample of the data, in steps, so that appending seldom moves them. Pure. */

import { FEW } from './lines.js';
import { RATES } from './rates.js';
import { halfOf } from './windows.js';

const SAMPLE = 4000;
const SPOT_TOPS = [120, 200, 300, 400, 600, 800, 1100, 1500, 2000, 3000, 5000, 8000, 12000, 20000];
const RATE_TOPS = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];

/** About `SAMPLE` values of `pick(tally, i)` over all runs, sorted, without NaN. */
function sample(spans, pick) {
  const rows = spans.reduce((sum, { tally }) => sum + tally.n, 0);
  const stride = Math.max(1, Math.floor(rows / SAMPLE));
  const values = [];
  for (const { tally } of spans) {
    for (let i = 0; i < tally.n; i += stride) {
      const value = pick(tally, i);
      if (value !== null && !Number.isNaN(value)) values.push(value);
    }
  }
  return values.sort((a, b) => a - b);
}

const quantile = (sorted, q) => sorted[Math.floor(q * (sorted.length - 1))];

export function spotsTop(spans, hitCut) {
  const values = sample(spans, (tally, i) => tally.spots[i]);
  const root = values.length ? quantile(values, 0.998) : 19;
  const needed = Math.max(root * root * 1.08, hitCut * 1.5);
  return SPOT_TOPS.find((top) => top >= needed) ?? Math.ceil(needed / 10_000) * 10_000;
}

/** Top of the left axis of the rates, from windows with enough frames in them. */
export function ratesTop(spans) {
  const largest = (name) => {
    const { numerator, denominator } = RATES[name];
    const values = sample(spans, (tally, i) => {
      const half = halfOf(tally.n, name);
      const [a, b] = [Math.max(0, i - half), Math.min(i + half, tally.n)];
      const of = tally.sums[denominator][b] - tally.sums[denominator][a];
      return of < FEW ? null : (tally.sums[numerator][b] - tally.sums[numerator][a]) / of;
    });
    return values.at(-1);
  };
  const known = ['indexing', 'multi_lattice'].map(largest).filter((value) => value !== undefined);
  if (!known.length) return spans.length ? 1 : 0.6;
  return RATE_TOPS.find((top) => top >= Math.max(...known) * 1.03) ?? 1;
}

/** [best, worst] in Å; frames beyond are drawn at the edge. */
export function resolutionRange(spans, cut) {
  const values = sample(spans, (tally, i) => tally.resolution[i]);
  if (!values.length) return [Math.min(1.4, cut - 0.1), Math.max(4.2, cut + 0.5)];
  const best = Math.min(values[0], cut) - 0.12;
  const worst = Math.max(quantile(values, 0.995) * 1.04, cut + 0.5);
  return [Math.floor(best * 10) / 10, Math.ceil(worst * 2) / 2];
}
