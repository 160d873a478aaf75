/* Windows over a tally: the live ones, and the moving ones of the run-stats plot. Pure. */

import { lowerBound, upperBound } from './bisect.js';
import { rateOver, ratesOver, wilson, RATES } from './rates.js';

export const LIVE_SECONDS = { '10s': 10, '60s': 60, '10min': 600 };
export const LIVE_FRAMES = { '100frames': 100, '1000frames': 1000 };

const QUALITY_HALF = 500;

/** Half width of the moving windows of a run with n processed frames. */
export const halfOf = (n, name) =>
  name === 'high_quality' ? QUALITY_HALF : Math.min(50, Math.max(Math.floor(n / 20), 1));

/** Rate `name` at position i of the run-stats plot. */
export function movingRate(tally, name, i) {
  const half = halfOf(tally.n, name);
  return rateOver(tally, name, Math.max(0, i - half), Math.min(i + half, tally.n));
}

/** The whole run-stats series of a job, named as `stillstream rates` names it. */
export function seriesOf(tally, columns) {
  const value = (name) =>
    Array.from({ length: tally.n }, (_, i) => {
      const rate = movingRate(tally, name, i).value;
      return rate === null && name === 'high_quality' ? 0 : rate;
    });
  return {
    frame: Array.from({ length: tally.n }, (_, i) => columns.frame[tally.row[i]]),
    solvent_rate: value('solvent'),
    indexing_rate: value('indexing'),
    multi_lattice_rate: value('multi_lattice'),
    high_quality_rate: value('high_quality'),
  };
}

/** Rates over the last `seconds` of event time before `endUs` (default: the newest frame). */
export function liveRates(tally, seconds, endUs = tally.newestUs) {
  if (endUs === null) return ratesOver(tally, 0, 0);
  const startUs = endUs - seconds * 1e6;
  if (!tally.isMonotone) return scattered(tally, startUs, endUs);
  return ratesOver(tally, since(tally, startUs), after(tally, endUs));
}

/** Every live window of a job. */
export function liveWindows(tally) {
  const windows = {};
  for (const [name, seconds] of Object.entries(LIVE_SECONDS)) {
    windows[name] = liveRates(tally, seconds);
  }
  for (const [name, frames] of Object.entries(LIVE_FRAMES)) {
    windows[name] = ratesOver(tally, Math.max(0, tally.n - frames), tally.n);
  }
  return windows;
}

/** First row at or after `us`, and first row later than it: windows are closed at both ends. */
export const since = (tally, us) => lowerBound(tally.us, tally.n, us);
export const after = (tally, us) => upperBound(tally.us, tally.n, us);

/** The same where event times do not follow the frame numbers: rows one by one. */
function scattered(tally, startUs, endUs) {
  const counts = {};
  for (let i = 0; i < tally.n; i += 1) {
    if (tally.us[i] < startUs || tally.us[i] > endUs) continue;
    counts.processed = (counts.processed || 0) + 1;
    for (const [name, sum] of Object.entries(tally.sums)) {
      counts[name] = (counts[name] || 0) + sum[i + 1] - sum[i];
    }
  }
  return Object.fromEntries(
    Object.entries(RATES).map(([name, { numerator, denominator }]) => [
      name,
      wilson(counts[numerator] || 0, counts[denominator || 'processed'] || 0),
    ]),
  );
}
