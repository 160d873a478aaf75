/* What the pictures and rates need of one job's processed frames, kept up to date row by row.
   Frames that were not processed (unreadable) have no row here. */

import { lowerBound } from './bisect.js';
import { PROCESSED, SELECTED, TRIED } from './columns.js';

/** Kinds of dots. */
export const NOT_INDEXED = 0;
export const INDEXED = 1;
export const SCREENED = 2;

/** Steps in event time above this are silence and hatched. */
export const SILENCE_S = 10;
/** Silence is drawn at most this long, and at most a quarter of what went before: stray time
    stamps must not squeeze the picture. */
const LONGEST_SILENCE_S = 300;
const drawnSilence = (step, before) =>
  Math.min(step, LONGEST_SILENCE_S, Math.max(SILENCE_S, before / 4));

const SUMS = [
  'solvent', 'hit', 'solventHit', 'selected', 'tried', 'indexed', 'multi', 'quality',
];
const ARRAYS = [
  ['row', Uint32Array], // row in the job's columns
  ['us', Float64Array], // event time, whole µs since the run's start
  ['high', Float64Array], // latest event time so far, s: the time axis never runs backwards
  ['x', Float64Array], // position on the axis of this run, s from its first frame
  ['spots', Float32Array], // square root of the number of strong spots
  ['resolution', Float32Array], // Å, NaN where the frame has none
  ['kind', Uint8Array],
];

export class Tally {
  constructor() {
    this.n = 0;
    this.capacity = 0;
    this.sums = {};
    this.silences = []; // rows after which the axis steps over silence
    this.#grow(1024);
  }

  /** Takes over rows of the columns from `firstRow` on; everything before stays as it is. */
  update(columns, cuts, firstRow) {
    if (columns.n > this.capacity) this.#grow(Math.max(columns.n, this.capacity * 2));
    this.n = lowerBound(this.row, this.n, firstRow);
    while (this.silences.length && this.silences.at(-1) >= this.n - 1) this.silences.pop();
    const limits = compared(cuts);
    for (let row = this.n ? this.row[this.n - 1] + 1 : 0; row < columns.n; row += 1) {
      if (columns.flags[row] & PROCESSED) this.#append(columns, limits, row);
    }
    this.isMonotone = this.#checkMonotone();
  }

  get lengthSeconds() {
    return this.n ? this.x[this.n - 1] : 0;
  }

  /** Steps above this (s on the axis) are hatched; in a slow run they are its ordinary pace. */
  get silenceSeconds() {
    return Math.max(SILENCE_S, (20 * this.lengthSeconds) / Math.max(1, this.n));
  }

  /** Newest processed event time, µs since the run's start; null without frames. */
  get newestUs() {
    if (!this.n) return null;
    return Math.round(this.high[this.n - 1] * 1e6);
  }

  #append(columns, limits, row) {
    const i = this.n;
    const lattices = columns.nLattices[row];
    const resolution = columns[limits.resolution][row];
    const isSelected = (columns.flags[row] & SELECTED) !== 0;
    const isHit = columns.nStrong[row] >= limits.hit;
    const ratio = columns.solventRatio[row]; // NaN and what is not positive: not solvent
    const isSolvent = ratio > 0 && ratio >= limits.solvent;
    this.row[i] = row;
    this.spots[i] = Math.sqrt(columns.nStrong[row]);
    this.resolution[i] = lattices ? resolution : NaN;
    this.kind[i] = lattices ? INDEXED : isSelected ? NOT_INDEXED : SCREENED;
    this.#place(i, columns.t[row]);
    this.#add(i, 'solvent', isSolvent);
    this.#add(i, 'hit', isHit);
    this.#add(i, 'solventHit', isSolvent && isHit);
    this.#add(i, 'selected', isSelected);
    this.#add(i, 'tried', (columns.flags[row] & TRIED) !== 0);
    this.#add(i, 'indexed', lattices > 0);
    this.#add(i, 'multi', lattices > 0 && lattices >= limits.lattices);
    this.#add(i, 'quality', lattices > 0 && resolution > 0 && resolution <= limits.dMinQuality);
    this.n = i + 1;
  }

  #place(i, seconds) {
    this.us[i] = Math.round(seconds * 1e6);
    this.high[i] = i ? Math.max(this.high[i - 1], seconds) : seconds;
    const step = i ? this.high[i] - this.high[i - 1] : 0;
    this.x[i] = i ? this.x[i - 1] + drawnSilence(step, this.x[i - 1]) : 0;
    if (step > SILENCE_S) this.silences.push(i - 1);
  }

  #add(i, name, counts) {
    const sums = this.sums[name];
    sums[i + 1] = sums[i] + (counts ? 1 : 0);
  }

  #checkMonotone() {
    for (let i = 1; i < this.n; i += 1) if (this.us[i] < this.us[i - 1]) return false;
    return true;
  }

  #grow(capacity) {
    for (const [name, Type] of ARRAYS) this[name] = enlarged(this[name], Type, capacity);
    for (const name of SUMS) {
      this.sums[name] = enlarged(this.sums[name], Uint32Array, capacity + 1);
    }
    this.capacity = capacity;
  }
}

function enlarged(old, Type, capacity) {
  const larger = new Type(capacity);
  if (old) larger.set(old);
  return larger;
}

/** Cut-offs in the precision of the columns, so that a value on the edge lies on its side. */
function compared(cuts) {
  return {
    hit: cuts.hit,
    solvent: Math.fround(cuts.solvent),
    lattices: cuts.lattices,
    dMinQuality: Math.fround(cuts.d_min_quality),
    resolution: cuts.resolution === 'cctbx' ? 'dMinCctbx' : 'dMinContiguous',
  };
}
