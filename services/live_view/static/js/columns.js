/* The frames of one job as typed arrays in frame order, growing in place. No statistics here. */

import { COLUMNS } from './api.js';
import { lowerBound } from './bisect.js';

export const PROCESSED = 1;
export const SELECTED = 2;
export const TRIED = 4;

const FIRST_CAPACITY = 1024;

export class Columns {
  constructor() {
    this.n = 0;
    this.revision = 0;
    this.capacity = 0;
    this.nUnreadable = 0;
    this.#grow(FIRST_CAPACITY);
  }

  /** Takes an answer of the server; returns the first row that changed (n when none did). */
  apply({ n, revision, full, rows }) {
    if (full) this.n = 0;
    const first = n ? this.#upsert(inFrameOrder(rows, n)) : this.n;
    this.revision = revision;
    this.#countUnreadable();
    return full ? 0 : first;
  }

  /** Row of a frame number, or -1. */
  rowOf(frame) {
    const row = lowerBound(this.frame, this.n, frame);
    return row < this.n && this.frame[row] === frame ? row : -1;
  }

  #grow(capacity) {
    for (const [name, Type] of COLUMNS) {
      const larger = new Type(capacity);
      if (this.n) larger.set(this[name].subarray(0, this.n));
      this[name] = larger;
    }
    this.capacity = capacity;
  }

  #upsert(rows) {
    const incoming = rows.frame;
    const first = lowerBound(this.frame, this.n, incoming[0]);
    const added = this.#countNew(incoming, first);
    const total = this.n + added;
    if (total > this.capacity) this.#grow(Math.max(total, this.capacity * 2));
    // Merged from the back, in place: a late frame moves only what lies behind it.
    let from = this.n - 1;
    for (let to = total - 1, k = incoming.length - 1; k >= 0; to -= 1) {
      if (from >= 0 && this.frame[from] > incoming[k]) {
        this.#copy(this, from, to);
        from -= 1;
      } else {
        if (from >= 0 && this.frame[from] === incoming[k]) from -= 1;
        this.#copy(rows, k, to);
        k -= 1;
      }
    }
    this.n = total;
    return first;
  }

  #countNew(incoming, first) {
    let added = 0;
    for (let k = 0, row = first; k < incoming.length; k += 1) {
      while (row < this.n && this.frame[row] < incoming[k]) row += 1;
      if (row >= this.n || this.frame[row] !== incoming[k]) added += 1;
    }
    return added;
  }

  #copy(source, from, to) {
    for (const [name] of COLUMNS) this[name][to] = source[name][from];
  }

  #countUnreadable() {
    let count = 0;
    for (let row = 0; row < this.n; row += 1) count += this.flags[row] & PROCESSED ? 0 : 1;
    this.nUnreadable = count;
  }
}

/** The same rows sorted by frame number; of one number several times, the last counts. */
function inFrameOrder(rows, n) {
  let sorted = true;
  for (let k = 1; k < n && sorted; k += 1) sorted = rows.frame[k - 1] < rows.frame[k];
  if (sorted) return rows;
  const order = Uint32Array.from({ length: n }, (_, k) => k);
  order.sort((a, b) => rows.frame[a] - rows.frame[b] || a - b);
  const kept = order.filter((k, i) => i + 1 === n || rows.frame[k] !== rows.frame[order[i + 1]]);
  return Object.fromEntries(
    COLUMNS.map(([name, Type]) => [name, Type.from(kept, (k) => rows[name][k])]),
  );
}
