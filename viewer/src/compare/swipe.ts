// The border between two images, which is dragged or moved by keys.
import { el } from '../dom.ts';

const STEPS: Record<string, number> = {
  ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1,
};

export class Swipe {
  readonly element = el('div', {
    class: 'swipe', role: 'slider', tabindex: 0, 'aria-label': 'Border between A and B', 'aria-orientation': 'horizontal',
    'aria-valuemin': 0, 'aria-valuemax': 100, 'data-testid': 'swipe', hidden: true,
  }, el('span', { class: 'swipe-knob', 'aria-hidden': 'true' }, '‹ ›'));
  private share = 0.5;

  constructor(private readonly onShare: (share: number) => void) {
    const { element } = this;
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      element.setPointerCapture(event.pointerId);
      element.focus();
    });
    element.addEventListener('pointermove', (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const stage = element.parentElement?.getBoundingClientRect();
      if (stage && stage.width > 0) this.move((event.clientX - stage.left) / stage.width);
    });
    element.addEventListener('keydown', (event) => {
      const by = STEPS[event.key];
      if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.move(this.share + by * (event.shiftKey ? 10 : 1));
    });
  }

  /** Null where there is no border. */
  show(share: number | null): void {
    this.element.hidden = share === null;
    if (share === null) return;
    this.share = share;
    this.element.style.left = `${share * 100}%`;
    this.element.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    this.element.setAttribute('aria-valuetext', `${Math.round(share * 100)}% from the left`);
  }

  /** The same upon a picture of the map. */
  paint(context: CanvasRenderingContext2D, width: number, height: number): void {
    if (this.element.hidden) return;
    const x = this.share * width;
    context.fillStyle = 'rgb(0 0 0 / 55%)';
    context.fillRect(x - 2, 0, 4, height);
    context.fillStyle = '#fff';
    context.fillRect(x - 1, 0, 2, height);
  }

  private move(share: number): void {
    this.onShare(Math.min(1, Math.max(0, Number(share.toFixed(4)))));
  }
}
