// The hawser between this page and the server, drawn as it lies in each state: thrown over while connecting, taut
// when open, slack while closing, fallen off the far bollard when closed. Decoration: the words beside it say the same.

const SVG = "http://www.w3.org/2000/svg";

// reach: how far across the rope comes, 0-1. In pixels: sag, how deep its middle hangs; drop, how far its end falls.
const POSES = {
  connecting: { reach: 0.62, sag: 0, drop: 15 },
  open: { reach: 1, sag: 1.5, drop: 0 },
  closing: { reach: 1, sag: 15, drop: 0 },
  closed: { reach: 0.16, sag: 0, drop: 22 },
};

const STRAND_SPACING = 6;
const HALF_WIDTH = 3;

export function createRope(svg) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const layers = ["rope-edge", "rope-body", "rope-strands"].map((name) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    svg.append(path);
    return path;
  });
  const pose = { ...POSES.closed };
  let target = POSES.closed;
  let frame = 0;

  function draw() {
    const width = svg.clientWidth;
    if (width === 0) return;
    const points = trace(pose, width);
    const line = `M${points.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("L")}`;
    layers[0].setAttribute("d", line);
    layers[1].setAttribute("d", line);
    layers[2].setAttribute("d", strands(points));
  }

  function step() {
    frame = 0;
    let moving = false;
    for (const key of Object.keys(pose)) {
      const distance = target[key] - pose[key];
      const near = Math.abs(distance) < (key === "reach" ? 0.002 : 0.1);
      pose[key] = near || still.matches ? target[key] : pose[key] + distance * 0.14;
      moving ||= !near && !still.matches;
    }
    draw();
    if (moving) frame = requestAnimationFrame(step);
  }

  new ResizeObserver(draw).observe(svg);

  return {
    show(state) {
      target = POSES[state];
      if (frame === 0) frame = requestAnimationFrame(step);
    },
  };
}

function trace({ reach, sag, drop }, width) {
  const top = 10;
  const length = Math.max(24, reach * width);
  const count = Math.max(2, Math.round(length / STRAND_SPACING));
  return Array.from({ length: count + 1 }, (_, index) => {
    const t = index / count;
    return { x: t * length, y: top + sag * 4 * t * (1 - t) + drop * t * t };
  });
}

/** Short slanted strokes across the rope: they are what makes a line look laid (twisted). */
function strands(points) {
  return points
    .slice(1, -1)
    .map(
      ({ x, y }) =>
        `M${(x - 2).toFixed(1)} ${(y + HALF_WIDTH).toFixed(1)}L${(x + 2).toFixed(1)} ${(y - HALF_WIDTH).toFixed(1)}`,
    )
    .join("");
}
