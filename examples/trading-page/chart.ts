import type { QuotePoint } from "../src/trading/wire.js";

const MAX_POINTS = 240;
const margin = { top: 12, right: 66, bottom: 24, left: 2 };

/** A line of prices over time that moves with each quote; the pointer shows one of them. */
export class PriceChart {
  readonly #canvas: HTMLCanvasElement;
  #points: readonly QuotePoint[] = [];
  #pointerX: number | undefined;
  #drawing = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
    canvas.addEventListener("pointermove", ({ offsetX }) => this.#point(offsetX));
    canvas.addEventListener("pointerleave", () => this.#point(undefined));
  }

  get first(): QuotePoint | undefined {
    return this.#points[0];
  }

  get last(): QuotePoint | undefined {
    return this.#points.at(-1);
  }

  /** Takes the place of what is shown. */
  show(points: readonly QuotePoint[]): void {
    this.#points = points.slice(-MAX_POINTS);
    this.#draw();
  }

  /** A quote that is not newer than the last is dropped: the history that was asked for may have had it. */
  add(point: QuotePoint): void {
    if (point.tick > (this.last?.tick ?? 0)) this.show([...this.#points, point]);
  }

  #point(x: number | undefined): void {
    this.#pointerX = x;
    this.#draw();
  }

  /** At most once for each frame of the screen. */
  #draw(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    const { first, last } = this;
    if (context === null || width === 0) return;
    this.#canvas.width = width * devicePixelRatio;
    this.#canvas.height = height * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    if (first === undefined || last === undefined || first === last) return;

    const style = getComputedStyle(this.#canvas);
    const colour = (name: string): string => resolveColour(context, style.getPropertyValue(name));
    const prices = this.#points.map(({ price }) => Number(price)); // for pixels alone, which round anyway
    const steps = gridSteps(Math.min(...prices), Math.max(...prices));
    const [low = 0, high = 1] = [steps.at(0), steps.at(-1)];
    const digits = last.price.split(".")[1]?.length ?? 0;
    const right = width - margin.right;
    const bottom = height - margin.bottom;
    const xOf = ({ timeMs }: QuotePoint): number =>
      margin.left + ((timeMs - first.timeMs) / (last.timeMs - first.timeMs)) * (right - margin.left);
    const yOf = (price: number): number => bottom - ((price - low) / (high - low)) * (bottom - margin.top);

    const nearest = this.#pointerX === undefined ? last : this.#nearestTo(this.#pointerX, xOf);
    const at = yOf(Number(nearest.price));

    context.font = `12px ${style.fontFamily}`;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    for (const price of steps) {
      context.strokeStyle = colour("--line");
      line(context, [margin.left, yOf(price)], [right, yOf(price)]);
      context.fillStyle = colour("--faint");
      // the price pointed at has this place to itself
      if (Math.abs(yOf(price) - at) > 16) context.fillText(price.toFixed(digits), right + 8, yOf(price));
    }
    context.textBaseline = "alphabetic";
    const atTimes = Math.max(2, Math.floor(width / 170));
    for (let index = 0; index < atTimes; index++) {
      const point = this.#points[Math.round((index * (this.#points.length - 1)) / (atTimes - 1))] ?? last;
      context.textAlign = index === 0 ? "left" : index === atTimes - 1 ? "right" : "center";
      context.fillText(formatTime(point.timeMs), xOf(point), height - 6);
    }
    context.textAlign = "left";

    const path = new Path2D();
    this.#points.forEach((point, index) => path.lineTo(xOf(point), yOf(prices[index] ?? low)));
    const area = new Path2D(path);
    area.lineTo(right, bottom);
    area.lineTo(margin.left, bottom);
    const shade = context.createLinearGradient(0, margin.top, 0, bottom);
    shade.addColorStop(0, `${colour("--accent")}38`);
    shade.addColorStop(1, `${colour("--accent")}00`);
    context.fillStyle = shade;
    context.fill(area);
    context.strokeStyle = colour("--accent");
    context.lineWidth = 1.75;
    context.lineJoin = "round";
    context.stroke(path);

    context.lineWidth = 1;
    context.strokeStyle = colour("--accent");
    context.setLineDash([3, 4]);
    line(context, [margin.left, at], [right, at]);
    if (nearest !== last) line(context, [xOf(nearest), margin.top], [xOf(nearest), bottom]);
    context.setLineDash([]);
    context.fillStyle = colour("--accent");
    context.beginPath();
    context.arc(xOf(nearest), at, 3.5, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    context.roundRect(right + 3, at - 10, margin.right - 5, 20, 4);
    context.fill();
    context.fillStyle = colour("--on-solid");
    context.textBaseline = "middle";
    context.fillText(nearest.price, right + 8, at + 0.5);
    if (nearest !== last) {
      context.fillStyle = colour("--text");
      const isLate = xOf(nearest) > right - 70;
      context.textAlign = isLate ? "right" : "left";
      context.fillText(formatTime(nearest.timeMs), xOf(nearest) + (isLate ? -8 : 8), margin.top + 6);
    }
  }

  #nearestTo(x: number, xOf: (point: QuotePoint) => number): QuotePoint {
    const [start] = this.#points;
    if (start === undefined) throw new RangeError("there is nothing to point at");
    return this.#points.reduce(
      (best, point) => (Math.abs(xOf(point) - x) < Math.abs(xOf(best) - x) ? point : best),
      start,
    );
  }
}

type Place = readonly [x: number, y: number];

function line(context: CanvasRenderingContext2D, from: Place, to: Place): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

/** Round prices, the first below all others and the last above, with three to six spaces between them. */
function gridSteps(low: number, high: number): number[] {
  const wanted = Math.max(high - low, high * 0.0005) / 4;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= wanted) ?? wanted;
  const start = Math.floor(low / step);
  const end = Math.max(Math.ceil(high / step), start + 1);
  return Array.from({ length: end - start + 1 }, (_, index) => (start + index) * step);
}

/** light-dark() as one #rrggbb, to which an opacity can be added. */
function resolveColour(context: CanvasRenderingContext2D, value: string): string {
  const match = /^light-dark\((?<light>[^,]+),(?<dark>[^)]+)\)$/.exec(value.trim());
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  context.fillStyle = (match?.groups?.[isDark ? "dark" : "light"] ?? value).trim();
  return String(context.fillStyle);
}

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
