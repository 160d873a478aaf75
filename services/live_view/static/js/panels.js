/* The linked panels: strong spots, rates, resolution. Plots are made once; data, cut-offs, zoom
   and theme only redraw them. */

import { colours, readColours, translucent } from './colours.js';
import { clockTime } from './format.js';
import { linesOf } from './lines.js';
import { drawAdvice, drawHatching, drawPreliminary, drawRule } from './marks.js';
import {
  axis, edge, faintLine, invisible, line, makePlot, percentLabel, spaced, timeAxis,
} from './plot.js';
import { colourTable, Raster } from './raster.js';
import { ratesTop, resolutionRange, spotsTop } from './ranges.js';
import { tickStep, timeTicks } from './ticks.js';
import { Timeline } from './timeline.js';

const SPOT_LABELS = [0, 10, 40, 100, 200, 400, 700, 1000, 1500, 2500, 4000, 7000, 10000, 20000];
/** Room for dots at zero spots, in square roots of spots. */
const BELOW_ZERO = -0.6;
const SHORTEST_WINDOW_S = 0.5;

export class Panels {
  constructor(boxes, { onZoom }) {
    this.boxes = boxes;
    this.onZoom = onZoom;
    this.timeline = new Timeline([]);
    this.cuts = null;
    this.advices = [];
    this.gaps = [];
    this.range = { spots: 400, rates: 0.6, resolution: [1.4, 4.2] };
    this.dots = { a: 0, c: 0 };
    this.rasters = {
      a: new Raster((tally) => tally.spots),
      c: new Raster((tally) => tally.resolution, { isFlipped: true }),
    };
    readColours();
    this.#tables();
    this.window = [0, 60];
    this.isZoomed = false;
    this.plots = this.#make();
  }

  /** New data or cut-offs. A window that showed everything goes on showing everything. */
  update({ runs, cuts, silenceSeconds, advices }) {
    const kept = this.isZoomed ? this.window.map((x) => this.timeline.timeOf(x)) : null;
    this.timeline = new Timeline(runs);
    this.timeline.extend(silenceSeconds);
    this.cuts = cuts;
    this.gaps = this.timeline.gaps();
    if (silenceSeconds) this.gaps.push([this.timeline.dataEnd, this.timeline.full[1]]);
    this.advices = this.timeline.spans.length ? advices.map((one) => this.#placed(one)) : [];
    const { spans } = this.timeline;
    this.range = {
      spots: spotsTop(spans, this.cuts.hit),
      rates: ratesTop(spans),
      resolution: resolutionRange(spans, this.cuts.d_min_quality),
    };
    const window = kept ? kept.map((t) => this.timeline.positionOf(t)) : this.timeline.full;
    this.#show(window[1] > window[0] ? window : this.timeline.full);
  }

  /** Shows [low, high] of the axis, kept within what there is. */
  zoom(low, high) {
    const [from, to] = this.timeline.full;
    const length = Math.min(to - from, Math.max(SHORTEST_WINDOW_S, high - low));
    const start = Math.min(Math.max(from, low), to - length);
    this.isZoomed = length < (to - from) * 0.9999;
    this.#show(this.isZoomed ? [start, start + length] : this.timeline.full);
    this.onZoom(this.window, this.isZoomed);
  }

  showAll() {
    this.isZoomed = false;
    this.zoom(...this.timeline.full);
  }

  restyle() {
    readColours();
    this.#tables();
    for (const u of Object.values(this.plots)) u.redraw();
  }

  resize() {
    for (const [name, u] of Object.entries(this.plots)) {
      const { width, height } = this.boxes[name].getBoundingClientRect();
      const [w, h] = [Math.floor(width), Math.floor(height)];
      if (w > 50 && h > 30 && (w !== u.width || h !== u.height)) u.setSize({ width: w, height: h });
    }
    this.#show(this.window);
  }

  #tables() {
    this.tables = {
      a: colourTable(colours['not-indexed'], colours.indexed),
      c: colourTable(colours['quality-dot'], colours['quality-dot']),
    };
  }

  #show(window) {
    this.window = window;
    const [low, high] = window;
    this.#setLines(this.plots.b, ['solvent', 'indexing', 'multi_lattice'], window);
    this.#setLines(this.plots.c, ['high_quality'], window);
    const { a, b, c } = this.plots;
    for (const u of [a, b, c]) u.setScale('x', { min: low, max: high });
    a.setScale('y', { min: BELOW_ZERO, max: Math.sqrt(this.range.spots) });
    b.setScale('y', { min: 0, max: this.range.rates });
    const [best, worst] = this.range.resolution;
    c.setScale('y', { min: best, max: worst });
  }

  #setLines(u, names, window) {
    const width = u.bbox.width / devicePixelRatio || 1;
    const lines = linesOf(this.timeline.spans, names, window, width);
    this.isRange = lines.isRange;
    const data = names.flatMap((name) => {
      const { high, low, faint, value } = lines.rates[name];
      return [high, low, faint, value];
    });
    if (lines.x.length) u.setData([lines.x, ...data], false);
    else u.setData([window, ...data.map(() => [null, null])], false);
  }

  #placed({ id, since, until, level, text }) {
    const { timeline } = this;
    const run = timeline.spans.find((span) => span.job.id === id);
    const end = run?.x1 ?? timeline.dataEnd;
    const to = until === null ? end : Math.min(end, timeline.positionOf(until));
    return { from: timeline.positionOf(since), to, level, text };
  }

  #timeAxis(isShown) {
    const splits = (u, index, low, high) => {
      const room = ((high - low) * colours.fontSize * 6.5 * devicePixelRatio) / u.bbox.width;
      this.tickStep = tickStep(room);
      return timeTicks(this.timeline, low, high, room);
    };
    const label = (x) => {
      const time = this.timeline.timeOf(x);
      return time === null ? '' : clockTime(time).slice(0, this.tickStep < 60 ? 8 : 5);
    };
    return timeAxis(splits, label, isShown);
  }

  #make() {
    const shared = { getWindow: () => this.window };
    const plots = {
      a: makePlot(this.boxes.a, { ...shared, ...this.#spots() }),
      b: makePlot(this.boxes.b, { ...shared, ...this.#rates() }),
      c: makePlot(this.boxes.c, { ...shared, ...this.#resolution() }),
    };
    return plots;
  }

  #dots(name) {
    return (u) => {
      drawHatching(u, this.gaps);
      this.dots[name] = this.rasters[name].draw(u, this.timeline.spans, this.tables[name]);
    };
  }

  #spots() {
    const values = spaced((v) => Math.round(v * v), 'y');
    const splits = () => SPOT_LABELS.filter((v) => v <= this.range.spots).map(Math.sqrt);
    return {
      series: [invisible('y')],
      scales: { y: { auto: false, range: (u, low, high) => [low ?? BELOW_ZERO, high ?? 20] } },
      axes: [this.#timeAxis(false), axis('y', 3, { splits, values })],
      hooks: {
        drawAxes: [this.#dots('a')],
        draw: [(u) => {
          if (this.cuts) drawRule(u, Math.sqrt(this.cuts.hit), `hit ≥ ${this.cuts.hit}`);
          drawAdvice(u, this.advices);
        }],
      },
    };
  }

  #rates() {
    const left = () => [0, this.range.rates / 2, this.range.rates];
    const one = (scale, colour, width, dash) => [
      edge(scale), edge(scale), faintLine(scale, colour, width), line(scale, colour, width, dash),
    ];
    const labels = { values: spaced(percentLabel, 'y'), splits: left, colour: 'indexed' };
    return {
      isRight: true,
      series: [
        ...one('right', 'solvent', 1.4), ...one('y', 'indexed', 1.8), ...one('y', 'multi', 1.6, [5, 2]),
      ],
      bands: [band(1, 'solvent'), band(5, 'indexed'), band(9, 'multi')],
      scales: {
        y: { auto: false, range: (u, low, high) => [low ?? 0, high ?? 0.6] },
        right: { auto: false, range: [0, 1] },
      },
      axes: [this.#timeAxis(false), axis('y', 3, labels), rightAxis('solvent')],
      hooks: {
        drawAxes: [(u) => drawHatching(u, this.gaps)],
        draw: [(u) => drawPreliminary(u, this.timeline.spans)],
      },
    };
  }

  #resolution() {
    const splits = () => {
      const [best, worst] = this.range.resolution;
      return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20].filter((d) => d >= best && d <= worst);
    };
    const values = spaced((v) => `${v.toFixed(1)} Å`, 'y');
    return {
      isRight: true,
      isLast: true,
      series: [
        edge('right'), edge('right'), faintLine('right', 'ink', 1.8), line('right', 'ink', 1.8),
      ],
      bands: [band(1, 'ink')],
      scales: {
        y: { auto: false, dir: -1, range: (u, low, high) => [low ?? 1.4, high ?? 4.2] },
        right: { auto: false, range: [0, 1] },
      },
      axes: [this.#timeAxis(true), axis('y', 3, { splits, values }), rightAxis('ink2')],
      hooks: {
        drawAxes: [this.#dots('c')],
        draw: [(u) => {
          if (!this.cuts) return;
          const cut = this.cuts.d_min_quality;
          drawRule(u, cut, `quality ≤ ${cut.toFixed(1)} Å`, { isBelow: true });
        }],
      },
    };
  }
}

const band = (first, colour) => ({
  series: [first, first + 1],
  fill: () => translucent(colours[colour], 0.16),
});

const rightAxis = (colour) =>
  axis('right', 1, {
    values: spaced(percentLabel, 'right'),
    splits: () => [0, 0.5, 1],
    colour,
    grid: false,
  });
