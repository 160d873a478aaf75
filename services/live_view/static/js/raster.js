/* One dot per frame as a density raster: counts per pixel, hue by the fraction indexed, weight by
   the logarithm of the count. Draws beneath the lines of a plot and says how many dots it drew. */

import { lowerBound, upperBound } from './bisect.js';
import { channels } from './colours.js';
import { INDEXED, SCREENED } from './tally.js';

const SHADES = 32;
const MOST = 255;

/** Colours (ABGR) by count and by fraction of the second colour. */
export function colourTable(from, to) {
  const [a, b] = [channels(from), channels(to)];
  const table = new Uint32Array((MOST + 1) * SHADES);
  for (let count = 1; count <= MOST; count += 1) {
    const alpha = Math.round(255 * (0.55 + 0.45 * Math.min(1, Math.log2(count) / 4)));
    for (let shade = 0; shade < SHADES; shade += 1) {
      const mix = (i) => Math.round(a[i] + ((b[i] - a[i]) * shade) / (SHADES - 1));
      table[count * SHADES + shade] = ((alpha << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0;
    }
  }
  return table;
}

/** Offsets of a dot's pixels: round when large, a ring for frames that were only screened. */
function stamp(size, isRing) {
  const offsets = [];
  const half = size >> 1;
  for (let dy = 0; dy < size; dy += 1) {
    for (let dx = 0; dx < size; dx += 1) {
      const atX = dx === 0 || dx === size - 1;
      const atY = dy === 0 || dy === size - 1;
      if (size >= 5 && atX && atY) continue;
      if (isRing && size >= 3 && !atX && !atY) continue;
      if (isRing && size < 3 && (dx || dy)) continue;
      offsets.push([dx - half, dy - half]);
    }
  }
  return offsets;
}

const sizeFor = (dots, area) => (dots * 25 > area ? 2 : dots * 120 > area ? 3 : 5);

export class Raster {
  /** `value(tally)` gives the drawn value of each row; `isFlipped` for an inverted axis. */
  constructor(value, { isFlipped = false } = {}) {
    this.value = value;
    this.isFlipped = isFlipped;
    this.canvas = document.createElement('canvas');
    this.width = 0;
    this.height = 0;
  }

  /** Draws the runs into the plot's area; returns the number of dots. */
  draw(u, spans, table) {
    const { left, top, width, height } = u.bbox;
    const scale = devicePixelRatio >= 2 ? 2 : 1;
    this.#resize(Math.round(width / scale), Math.round(height / scale));
    const parts = spans.map((span) => visible(span, u.scales.x.min, u.scales.x.max));
    const expected = spans.reduce((sum, span, k) => sum + this.#finite(span, ...parts[k]), 0);
    const size = sizeFor(expected, this.width * this.height);
    this.stamps = [stamp(size, false), stamp(size, true)];
    let dots = 0;
    spans.forEach((span, k) => { dots += this.#count(u, span, ...parts[k]); });
    this.#paint(table);
    u.ctx.imageSmoothingEnabled = false;
    u.ctx.drawImage(this.canvas, Math.round(left), Math.round(top), width, height);
    return dots;
  }

  #resize(width, height) {
    if (width !== this.width || height !== this.height) {
      [this.canvas.width, this.canvas.height] = [this.width, this.height] = [width, height];
      this.context = this.canvas.getContext('2d');
      this.image = this.context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.all = new Uint16Array(width * height);
      this.indexed = new Uint16Array(width * height);
    }
    this.all.fill(0);
    this.indexed.fill(0);
  }

  #finite({ tally }, from, to) {
    const values = this.value(tally);
    let count = 0;
    for (let i = from; i < to; i += 1) count += values[i] === values[i] ? 1 : 0;
    return count;
  }

  #count(u, span, from, to) {
    const { x, y } = u.scales;
    const { tally } = span;
    const values = this.value(tally);
    const perX = this.width / (x.max - x.min);
    const perY = this.height / (y.max - y.min);
    let dots = 0;
    for (let i = from; i < to; i += 1) {
      const value = values[i];
      if (value !== value) continue; // NaN: this frame has none
      dots += 1;
      const rise = (Math.min(Math.max(value, y.min), y.max) - y.min) * perY;
      const px = ((span.x0 + tally.x[i] - x.min) * perX) | 0;
      const py = (this.isFlipped ? rise : this.height - 1 - rise) | 0;
      this.#dot(px, py, tally.kind[i]);
    }
    return dots;
  }

  #dot(px, py, kind) {
    const offsets = this.stamps[kind === SCREENED ? 1 : 0];
    for (let k = 0; k < offsets.length; k += 1) {
      const x = px + offsets[k][0];
      const y = py + offsets[k][1];
      if (x < 0 || y < 0 || x >= this.width || y >= this.height) continue;
      const at = y * this.width + x;
      if (this.all[at] === 65535) continue;
      this.all[at] += 1;
      if (kind === INDEXED) this.indexed[at] += 1;
    }
  }

  #paint(table) {
    const { all, indexed, pixels } = this;
    for (let at = 0; at < all.length; at += 1) {
      const n = all[at];
      const shade = n ? ((indexed[at] * (SHADES - 1)) / n) | 0 : 0;
      pixels[at] = n ? table[Math.min(n, MOST) * SHADES + shade] : 0;
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

/** Rows of a run within [low, high] of the axis. */
export function visible(span, low, high) {
  const { tally, x0 } = span;
  return [lowerBound(tally.x, tally.n, low - x0), upperBound(tally.x, tally.n, high - x0)];
}
