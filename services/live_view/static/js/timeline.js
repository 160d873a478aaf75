/* The shared axis: runs one after another in seconds, long idle stretches shortened.
   Translates between axis positions and epoch seconds. Pure. */

import { lowerBound } from './bisect.js';

const LONGEST_GAP_S = 60;
const SHORTEST_RUN_S = 1;

/** How long the idle time before a run is drawn: true length, unless it would waste the axis. */
const gapLength = (seconds, before) =>
  Math.max(0.5, Math.min(seconds, LONGEST_GAP_S, Math.max(1, before * 0.08)));

export class Timeline {
  constructor(runs) {
    this.spans = [];
    for (const run of runs) if (run.tally.n) this.#lay(run);
    const last = this.spans.at(-1);
    this.dataEnd = last ? last.x1 : 60;
    this.full = [0, this.dataEnd];
  }

  /** Room at the right end for silence that goes on, and a little air. */
  extend(silenceSeconds) {
    const silence = Math.min(silenceSeconds, LONGEST_GAP_S, Math.max(1, this.dataEnd * 0.1));
    this.full = [0, (this.dataEnd + silence) * 1.004];
  }

  /** Epoch seconds of an axis position; null where nothing is laid out. */
  timeOf(x) {
    const span = this.spans.findLast((one) => one.x0 <= x) ?? this.spans[0];
    if (!span) return null;
    const { tally } = span;
    const i = Math.max(0, lowerBound(tally.x, tally.n, x - span.x0 + 1e-9) - 1);
    return span.epoch + tally.high[i] + (x - span.x0 - tally.x[i]);
  }

  /** Axis position of epoch seconds; times in no run go to the nearest edge. */
  positionOf(time) {
    if (!this.spans.length) return 0;
    const span =
      this.spans.findLast((one) => timeAt(one, 0) <= time) ?? this.spans[0];
    const { tally, epoch } = span;
    const i = Math.max(0, lowerBound(tally.high, tally.n, time - epoch + 1e-9) - 1);
    const step = i + 1 < tally.n ? tally.x[i + 1] - tally.x[i] : Infinity;
    const past = Math.max(0, time - epoch - tally.high[i]);
    return span.x0 + tally.x[i] + Math.min(past, step);
  }

  /** Stretches without data, as [from, to] on the axis: between runs, and silence in a run. */
  gaps() {
    const gaps = [];
    this.spans.forEach((span, k) => {
      const { tally } = span;
      for (const i of tally.silences) {
        const step = tally.x[i + 1] - tally.x[i];
        if (step > tally.silenceSeconds) {
          gaps.push([span.x0 + tally.x[i], span.x0 + tally.x[i + 1]]);
        }
      }
      const next = this.spans[k + 1];
      if (next) gaps.push([span.x1, next.x0]);
    });
    return gaps;
  }

  #lay(run) {
    const last = this.spans.at(-1);
    const epoch = run.job.started_us / 1e6;
    const begin = epoch + run.tally.high[0];
    const idle = last ? begin - timeAt(last, last.tally.n - 1) : 0;
    const x0 = last ? last.x1 + gapLength(Math.max(0, idle), last.x1) : 0;
    const x1 = x0 + Math.max(SHORTEST_RUN_S, run.tally.lengthSeconds);
    this.spans.push({ ...run, epoch, x0, x1 });
  }
}

const timeAt = (span, i) => span.epoch + span.tally.high[i];
