// A picture to print: the view with a title, on white, and which colour is which value.
import type { Tick } from './ticks.ts';
import { formatNumber } from './format.ts';

/** Which colour is which value. */
export interface Legend {
  strip: CanvasImageSource;
  inverted: boolean;
  ticks: readonly Tick[];
  unit: string;
}

export interface Figure {
  view: CanvasImageSource;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** Pixels of the view to one of these. */
  density: number;
  title: string;
  subtitle: string;
  legend: Legend | null;
}

const MARGIN = 28;
const TITLE = 44;
const BAR = 12;
const LEGEND = 58;
const INK = '#1a1a1a';
const QUIET = '#555';
const FAMILY = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

/** Of the whole figure, in CSS pixels. */
export function figureSize({ width, height, legend }: Pick<Figure, 'width' | 'height' | 'legend'>): { width: number; height: number } {
  return { width: width + 2 * MARGIN, height: height + MARGIN + TITLE + (legend ? LEGEND : MARGIN) };
}

function drawLegend(context: CanvasRenderingContext2D, legend: Legend, left: number, top: number, width: number): void {
  context.save();
  context.translate(left + (legend.inverted ? width : 0), top);
  context.scale(legend.inverted ? -1 : 1, 1);
  context.imageSmoothingEnabled = false;
  context.drawImage(legend.strip, 0, 0, width, BAR);
  context.restore();
  context.strokeStyle = INK;
  context.strokeRect(left + 0.5, top + 0.5, width - 1, BAR - 1);
  context.fillStyle = INK;
  context.font = `12px ${FAMILY}`;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const { value, share } of legend.ticks) {
    const x = Math.round(left + share * width) + 0.5;
    context.beginPath();
    context.moveTo(x, top + BAR);
    context.lineTo(x, top + BAR + 4);
    context.stroke();
    context.fillText(formatNumber(value, 4), x, top + BAR + 6);
  }
  if (legend.unit === '') return;
  context.fillStyle = QUIET;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(legend.unit, left + width + 8, top + BAR / 2, MARGIN * 4);
}

export function drawFigure(figure: Figure): Promise<Blob | null> {
  const { view, width, height, density, title, subtitle, legend } = figure;
  const size = figureSize(figure);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(size.width * density);
  canvas.height = Math.round(size.height * density);
  const context = canvas.getContext('2d');
  if (!context) return Promise.resolve(null);
  context.scale(density, density);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, size.width, size.height);
  context.fillStyle = INK;
  context.textBaseline = 'alphabetic';
  context.font = `600 17px ${FAMILY}`;
  context.fillText(title, MARGIN, 30, width);
  if (subtitle !== '') {
    const after = Math.min(context.measureText(title).width, width);
    context.fillStyle = QUIET;
    context.font = `13px ${FAMILY}`;
    context.fillText(subtitle, MARGIN + after + 12, 30, Math.max(1, width - after - 12));
  }
  context.drawImage(view, MARGIN, TITLE, width, height);
  context.strokeStyle = INK;
  context.lineWidth = 1;
  context.strokeRect(MARGIN - 0.5, TITLE - 0.5, width + 1, height + 1);
  if (legend) {
    const length = Math.min(width, 420);
    drawLegend(context, legend, MARGIN + (width - length) / 2, TITLE + height + 18, length);
  }
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
}
