/* Drag, double-click, wheel, pinch, click and keys on the panels. */

import { lowerBound, upperBound } from './bisect.js';
import { findAll } from './dom.js';

const NEAR_PX = 9;
const MOST_NEAR = 6;
const CLICK_PX = 4;

/** Frames within 9 pixels of a point of panel `name`, nearest first: [{ span, i }]. */
export function framesNear(panels, name, px, py) {
  const values = panels.rasters[name]?.value;
  if (!values) return [];
  const u = panels.plots[name];
  const [low, high] = [px - NEAR_PX, px + NEAR_PX].map((at) => u.posToVal(at, 'x'));
  const { min, max } = u.scales.y;
  const found = [];
  for (const span of panels.timeline.spans) {
    const { tally } = span;
    const to = upperBound(tally.x, tally.n, high - span.x0);
    for (let i = lowerBound(tally.x, tally.n, low - span.x0); i < to; i += 1) {
      const value = Math.min(Math.max(values(tally)[i], min), max);
      if (Number.isNaN(value)) continue;
      const dx = u.valToPos(span.x0 + tally.x[i], 'x') - px;
      const distance = Math.hypot(dx, u.valToPos(value, 'y') - py);
      if (distance <= NEAR_PX) found.push({ span, i, distance });
    }
  }
  return found.sort((a, b) => a.distance - b.distance).slice(0, MOST_NEAR);
}

export function zoomBy(panels, factor, around) {
  const [low, high] = panels.window;
  const centre = around ?? (low + high) / 2;
  panels.zoom(centre - (centre - low) * factor, centre + (high - centre) * factor);
}

export function panBy(panels, fraction) {
  const [low, high] = panels.window;
  const step = (high - low) * fraction;
  panels.zoom(low + step, high + step);
}

export function listenToPanels(panels, { onFrames, onCursor }) {
  for (const [name, u] of Object.entries(panels.plots)) {
    listenToSelection(panels, u);
    listenToPointer(panels, name, u, onFrames);
    listenToWheel(panels, u);
    listenToPinch(panels, u);
    u.hooks.setCursor = [() => {
      const { left, top, event } = u.cursor;
      if (event && left >= 0) onCursor(u.posToVal(left, 'x'), framesNear(panels, name, left, top), u);
    }];
    u.over.addEventListener('mouseleave', () => onCursor(null, [], u));
  }
}

function listenToSelection(panels, u) {
  u.hooks.setSelect = [() => {
    const { left, width } = u.select;
    if (width <= 6) return;
    const [low, high] = [left, left + width].map((at) => u.posToVal(at, 'x'));
    for (const each of Object.values(panels.plots)) {
      each.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    }
    panels.zoom(low, high);
  }];
  u.over.addEventListener('dblclick', () => panels.showAll());
}

function listenToPointer(panels, name, u, onFrames) {
  let down = null;
  u.over.addEventListener('mousedown', (e) => { down = [e.clientX, e.clientY]; }, true);
  u.over.addEventListener('click', (e) => {
    const moved = down ? Math.hypot(e.clientX - down[0], e.clientY - down[1]) : 0;
    if (moved > CLICK_PX) return;
    onFrames(framesNear(panels, name, e.offsetX, e.offsetY), e);
  });
}

/** The wheel scrolls the page; with Ctrl, Shift or Cmd it zooms around the pointer. */
function listenToWheel(panels, u) {
  const onWheel = (e) => {
    if (!(e.ctrlKey || e.metaKey || e.shiftKey)) return;
    e.preventDefault();
    zoomBy(panels, e.deltaY + e.deltaX > 0 ? 1.25 : 0.8, u.posToVal(e.offsetX, 'x'));
  };
  u.over.addEventListener('wheel', onWheel, { passive: false });
}

/** Two fingers zoom; one finger goes on scrolling the page. */
function listenToPinch(panels, u) {
  const fingers = new Map();
  let held = null; // axis positions under the two fingers
  const place = (e) => e.clientX - u.over.getBoundingClientRect().left;
  u.over.addEventListener('pointerdown', (e) => {
    if (e.pointerType !== 'touch') return;
    fingers.set(e.pointerId, place(e));
    if (fingers.size === 2) held = [...fingers.values()].map((at) => u.posToVal(at, 'x'));
  });
  u.over.addEventListener('pointermove', (e) => {
    if (!fingers.has(e.pointerId)) return;
    fingers.set(e.pointerId, place(e));
    if (!held || fingers.size !== 2) return;
    const [p, q] = [...fingers.values()];
    if (Math.abs(q - p) < 12) return;
    const perPixel = (held[1] - held[0]) / (q - p);
    const low = held[0] - p * perPixel;
    panels.zoom(low, low + u.over.clientWidth * perPixel);
  });
  for (const name of ['pointerup', 'pointercancel', 'pointerleave']) {
    u.over.addEventListener(name, (e) => {
      fingers.delete(e.pointerId);
      held = null;
    });
  }
}

/** Keys on the focused panels, and the zoom buttons. */
export function listenToKeys(panels, host) {
  const acts = {
    ArrowLeft: () => panBy(panels, -0.2),
    ArrowRight: () => panBy(panels, 0.2),
    '+': () => zoomBy(panels, 0.6),
    '=': () => zoomBy(panels, 0.6),
    '-': () => zoomBy(panels, 1 / 0.6),
    0: () => panels.showAll(),
  };
  host.addEventListener('keydown', (e) => {
    const act = e.target === host && !e.ctrlKey && !e.metaKey ? acts[e.key] : null;
    if (!act) return;
    e.preventDefault();
    act();
  });
  const buttons = { in: '+', out: '-', all: '0' };
  for (const button of findAll('[data-zoom]')) {
    button.onclick = () => acts[buttons[button.dataset.zoom]]();
  }
}
