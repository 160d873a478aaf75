/* Round clock times along the shared axis. Pure but for the browser's time zone. */

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200];

const zoneOffset = (time) => -new Date(time * 1000).getTimezoneOffset() * 60;

/** Step between ticks that are at least `room` seconds apart. */
export const tickStep = (room) => STEPS_S.find((s) => s >= room) ?? 86_400;

/** Axis positions of round times in [low, high], at least `room` axis seconds apart. */
export function timeTicks(timeline, low, high, room) {
  const step = tickStep(room);
  const ticks = [];
  for (const span of timeline.spans) {
    if (span.x1 < low || span.x0 > high) continue;
    for (const [from, to] of pieces(span)) addTicks(ticks, timeline, from, to, step, room);
  }
  return ticks.filter((x) => x >= low && x <= high);
}

/** Stretches of a run in which the axis runs at the speed of time. */
function pieces(span) {
  const { tally, x0, x1 } = span;
  const edges = [];
  let from = x0;
  for (const i of tally.silences) {
    edges.push([from, x0 + tally.x[i]]);
    from = x0 + tally.x[i + 1];
  }
  edges.push([from, x1]);
  return edges;
}

function addTicks(ticks, timeline, from, to, step, room) {
  const begin = timeline.timeOf(from);
  const offset = zoneOffset(begin);
  let time = Math.ceil((begin + offset) / step) * step - offset;
  for (; from + time - begin <= to; time += step) {
    const x = from + time - begin;
    if (!ticks.length || x - ticks.at(-1) >= room * 0.8) ticks.push(x);
  }
}
