/* One uPlot with the page's axes; made once, then only scaled, resized and given data. */

import { colours } from './colours.js';
import { percent } from './format.js';

/** Fixed axis widths, in plot font sizes, so that the time axes of all panels line up. */
export const AXIS_WIDTH = 3.8;
const TIME_HEIGHT = 1.9;

export const made = { count: 0 };

export function makePlot(box, { series, bands, axes, scales, hooks, isRight, isLast, getWindow }) {
  made.count += 1;
  const size = colours.fontSize;
  const { width, height } = box.getBoundingClientRect();
  const options = {
    width: Math.max(120, Math.floor(width)),
    height: Math.max(60, Math.floor(height)),
    legend: { show: false },
    padding: [size * 0.5, isRight ? 0 : size * AXIS_WIDTH, isLast ? 0 : size * 0.7, 0].map(Math.round),
    cursor: {
      sync: { key: 'run-stats' },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      points: { show: false },
      y: false,
    },
    scales: { x: { time: false, range: () => getWindow() }, ...scales },
    series: [{}, ...series],
    bands,
    axes,
    hooks,
  };
  const data = [[0, 1], ...series.map(() => [null, null])];
  return new uPlot(options, data, box);
}

export function axis(scale, side, { colour = 'ink2', grid = true, ...rest }) {
  return {
    scale,
    side,
    size: Math.round(colours.fontSize * AXIS_WIDTH),
    gap: 4,
    font: `400 ${colours.fontSize}px ${colours.font}`,
    stroke: () => colours[colour],
    grid: { show: grid, stroke: () => colours.grid, width: 1 },
    ticks: { show: false },
    ...rest,
  };
}

/** The time axis: `splits(u)` gives positions, `label(x)` their words; only the last one is shown. */
export function timeAxis(splits, label, isShown) {
  return axis('x', 2, {
    size: isShown ? Math.round(colours.fontSize * TIME_HEIGHT) : 0,
    splits,
    values: isShown ? (u, positions) => positions.map(label) : () => [],
  });
}

/** Labels that would touch the one before are left out; the last one stays. */
export function spaced(format, scale) {
  return (u, values) => {
    let last = null;
    return values.map((value) => {
      const y = u.valToPos(value, scale);
      if (last !== null && Math.abs(y - last) < colours.fontSize * 1.2) return '';
      last = y;
      return format(value);
    });
  };
}

export const percentLabel = (value) => `${percent(value)} %`;

export const line = (scale, colour, width, dash) => ({
  scale,
  stroke: () => colours[colour],
  width,
  dash,
  points: { show: false },
  auto: false,
});

export const faintLine = (scale, colour, width) => ({ ...line(scale, colour, width), alpha: 0.35 });

/** An edge of a band: has a path, is not seen. */
export const edge = (scale) => ({
  scale,
  stroke: 'transparent',
  width: 0,
  points: { show: false },
  auto: false,
});

/** Keeps the scale of a panel of dots alive without drawing anything. */
export const invisible = (scale) => ({
  scale,
  paths: () => null,
  points: { show: false },
  auto: false,
});
