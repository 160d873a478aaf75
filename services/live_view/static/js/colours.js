/* The palette of the style sheet for canvases, read again when the theme changes. */

const NAMES = [
  'ink', 'ink2', 'line', 'grid', 'surface', 'hatch', 'alarm',
  'indexed', 'not-indexed', 'solvent', 'multi', 'quality', 'quality-dot',
];

export const colours = { font: 'sans-serif', fontSize: 11 };

const style = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function readColours() {
  for (const name of NAMES) colours[name] = style(name);
  colours.font = style('font');
  colours.fontSize = parseFloat(style('plot-font')) || 11;
}

export const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

export function translucent(hex, alpha) {
  const [r, g, b] = channels(hex);
  return `rgba(${r},${g},${b},${alpha})`;
}
