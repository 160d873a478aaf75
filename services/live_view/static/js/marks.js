/* What lies behind and above the data: hatching, cut-off lines, preliminary edges, advice. */

import { colours } from './colours.js';

const HATCH_PX = 7;

function inside(u, draw) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox, devicePixelRatio);
  ctx.restore();
}

const across = (u, x) => u.valToPos(x, 'x', true);

/** Text with a halo, so that it can be read over dots. */
function label(ctx, text, x, y, { align, base, colour, style = '500' }) {
  ctx.font = `${style} ${colours.fontSize * devicePixelRatio}px ${colours.font}`;
  ctx.textAlign = align;
  ctx.textBaseline = base;
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeStyle = colours.surface;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

/** Hatching means: no data here. `gaps` are [from, to] on the axis. */
export function drawHatching(u, gaps) {
  inside(u, (ctx, { top, height }, ratio) => {
    for (const [from, to] of gaps) {
      const a = across(u, from);
      const b = across(u, to);
      if (b - a < 1) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(a, top, b - a, height);
      ctx.fillStyle = colours.hatch;
      ctx.fill();
      ctx.clip();
      ctx.strokeStyle = colours.line;
      ctx.lineWidth = ratio;
      ctx.beginPath();
      for (let x = a - height; x < b; x += HATCH_PX * ratio) {
        ctx.moveTo(x, top + height);
        ctx.lineTo(x + height, top);
      }
      ctx.stroke();
      ctx.restore();
    }
  });
}

/** A dashed line at a cut-off, with its words. */
export function drawRule(u, value, text, { isBelow = false } = {}) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const y = Math.round(u.valToPos(value, 'y', true)) + 0.5;
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = colours.ink2;
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  label(ctx, text, bbox.left + bbox.width - 4 * ratio, y + (isBelow ? 3 : -2) * ratio, {
    align: 'right',
    base: isBelow ? 'top' : 'bottom',
    colour: colours.ink2,
  });
  ctx.restore();
}

/** A dashed edge over runs whose rates may still change. */
export function drawPreliminary(u, spans) {
  inside(u, (ctx, { left, top, width }, ratio) => {
    for (const span of spans) {
      if (!span.isPreliminary) continue;
      const a = Math.max(left, across(u, span.x0));
      const b = Math.min(left + width, across(u, span.x1));
      if (b - a < 8 * ratio) continue;
      ctx.strokeStyle = colours.ink2;
      ctx.lineWidth = ratio;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(a, top + ratio);
      ctx.lineTo(b, top + ratio);
      ctx.stroke();
      ctx.setLineDash([]);
      const place = { align: 'right', base: 'top', colour: colours.ink2, style: 'italic 500' };
      label(ctx, 'preliminary', b - 3 * ratio, top + 3 * ratio, place);
    }
  });
}

/** Advice as bars on the time axis: filled means act. Words only where there is room for them. */
export function drawAdvice(u, advices) {
  inside(u, (ctx, { left, top, width }, ratio) => {
    let free = left;
    for (const { from, to, level, text } of [...advices].sort((p, q) => p.from - q.from)) {
      const a = Math.max(left, across(u, from));
      const b = Math.max(a + 3 * ratio, across(u, to));
      const height = Math.round(colours.fontSize * 0.36) * ratio;
      ctx.lineWidth = ratio;
      ctx.fillStyle = ctx.strokeStyle = colours.alarm;
      if (level === 'act') ctx.fillRect(a, top, b - a, height);
      else ctx.strokeRect(a + ratio / 2, top + ratio / 2, b - a - ratio, height - ratio);
      const room = text.length * colours.fontSize * 0.6 * ratio;
      const isLate = a + room > left + width;
      const start = isLate ? b - room : a;
      if (start < free || b < left) continue;
      free = start + room;
      label(ctx, text, isLate ? b - 2 * ratio : a + 2 * ratio, top + height + 3 * ratio, {
        align: isLate ? 'right' : 'left', base: 'top', colour: colours.alarm, style: '600',
      });
    }
  });
}
