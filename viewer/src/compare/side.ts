// Images side by side, each on a map of its own, all with one view.
import OlMap from 'ol/Map.js';
import { defaults as defaultInteractions } from 'ol/interaction/defaults.js';
import { el } from '../dom.ts';
import { pictureOf } from '../screenshot.ts';
import type { Viewer } from '../viewer.ts';
import type { Compared } from './compared.ts';
import { type Ground, Sheet } from './sheet.ts';
import { letterOf, paneGrid } from './state.ts';

export interface SideEvents {
  /** Where in the images (with y up) the pointer is, or null when it left. */
  onPointer(coordinate: number[] | null): void;
  onActive(index: number): void;
  /** Whether all tiles of the panes are there may be another answer now. */
  onReadiness(): void;
  /** Panes are elsewhere. */
  onLayout(): void;
}

interface Pane {
  other: Compared;
  element: HTMLElement;
  map: OlMap;
  sheet: Sheet | null;
  ready: boolean;
}

export class Side {
  private readonly panes: Pane[];
  private readonly observer = new ResizeObserver(() => this.layOut());
  private readonly onView = (): void => {
    for (const { map } of this.panes) map.setView(this.viewer.map.getView());
  };
  private readonly onPress = (): void => this.events.onActive(0);

  constructor(
    private readonly viewer: Viewer,
    /** The first pane, and what lies upon it. */
    private readonly target: HTMLElement,
    private readonly stage: HTMLElement,
    ground: Ground,
    others: readonly Compared[],
    private readonly events: SideEvents,
  ) {
    this.panes = others.map((other, index) => this.open(ground, other, index + 1));
    // What lies upon panes comes after them.
    stage.querySelector('.swipe')?.before(...this.panes.map(({ element }) => element));
    stage.dataset['panes'] = String(this.panes.length + 1);
    this.layOut();
    this.onView();
    viewer.map.on('change:view', this.onView);
    target.addEventListener('pointerdown', this.onPress, { capture: true });
    this.observer.observe(stage);
  }

  get isReady(): boolean {
    return this.panes.every(({ ready }) => ready);
  }

  /** Where the upper left corner of each pane is, in shares of the stage. */
  corners(): { left: number; top: number; width: number }[] {
    const { columns, rows } = this.grid();
    return Array.from({ length: this.panes.length + 1 }, (_, index) =>
      ({ left: (index % columns) / columns, top: Math.floor(index / columns) / rows, width: 1 / columns }));
  }

  /** False if the tiles that are there will do. */
  show(other: Compared): boolean {
    return this.panes.some((pane) => {
      if (pane.other !== other || !pane.sheet || !other.info) return false;
      const asks = pane.sheet.show(other.picture(other.info));
      if (asks) pane.ready = false;
      return asks;
    });
  }

  activate(active: number): void {
    this.target.classList.toggle('active-pane', active === 0);
    this.panes.forEach(({ element }, index) => element.classList.toggle('active-pane', index + 1 === active));
  }

  smooth(): void {
    for (const { sheet } of this.panes) sheet?.smooth();
  }

  stretch(): void {
    for (const { sheet } of this.panes) sheet?.stretch();
  }

  reload(): void {
    for (const pane of this.panes) {
      pane.ready = pane.sheet === null;
      pane.sheet?.reload();
    }
  }

  touch(other: Compared, shows: boolean): void {
    for (const pane of this.panes) {
      if (pane.other !== other) continue;
      if (shows) pane.ready = pane.sheet === null;
      pane.sheet?.touch(shows);
    }
  }

  /** All panes as they are on the screen, but for the first, upon a picture of the stage in CSS pixels. */
  paint(context: CanvasRenderingContext2D): void {
    const { left, top } = this.stage.getBoundingClientRect();
    for (const { map, element } of this.panes) {
      const place = element.getBoundingClientRect();
      const picture = pictureOf(map, element);
      if (picture) context.drawImage(picture, place.left - left, place.top - top, place.width, place.height);
      context.strokeStyle = getComputedStyle(element).outlineColor;
      context.strokeRect(place.left - left - 0.5, place.top - top - 0.5, place.width + 1, place.height + 1);
    }
  }

  dispose(): void {
    this.observer.disconnect();
    this.viewer.map.un('change:view', this.onView);
    this.target.removeEventListener('pointerdown', this.onPress, { capture: true });
    this.target.classList.remove('active-pane');
    for (const { sheet, map, element } of this.panes) {
      sheet?.dispose();
      map.setTarget(undefined);
      element.remove();
      setTimeout(() => map.dispose());
    }
    delete this.stage.dataset['panes'];
    for (const name of ['--pane-width', '--pane-height']) this.stage.style.removeProperty(name);
  }

  private open(ground: Ground, other: Compared, index: number): Pane {
    const element = el('div', { class: 'map pane', 'data-testid': `pane-${letterOf(index).toLowerCase()}`, role: 'group', 'aria-label': `Image ${letterOf(index)}` });
    const map = new OlMap({
      target: element, controls: [], layers: [], maxTilesLoading: 8,
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false, keyboard: false, shiftDragZoom: false }),
    });
    const { info } = other;
    const sheet = info && new Sheet({ ...ground, map }, info, other.picture(info), other.revisionOf);
    if (sheet) map.addLayer(sheet.layer);
    const pane: Pane = { other, element, map, sheet, ready: sheet === null };
    map.on('loadstart', () => {
      pane.ready = false;
      this.events.onReadiness();
    });
    map.on('rendercomplete', () => {
      pane.ready = true;
      this.events.onReadiness();
    });
    map.on('pointermove', (event) => this.events.onPointer(event.dragging ? null : this.viewer.navigation.plane.toImage(event.coordinate)));
    map.on('pointerdrag', () => this.viewer.navigation.leaveFit());
    element.addEventListener('pointerleave', () => this.events.onPointer(null));
    element.addEventListener('pointerdown', () => this.events.onActive(index), { capture: true });
    element.addEventListener('wheel', (event) => this.viewer.navigation.wheel(event), { capture: true, passive: false });
    return pane;
  }

  private grid(): { columns: number; rows: number } {
    return paneGrid(this.panes.length + 1, this.stage.clientWidth, this.stage.clientHeight);
  }

  private layOut(): void {
    const { columns, rows } = this.grid();
    this.stage.style.setProperty('--pane-width', `${100 / columns}%`);
    this.stage.style.setProperty('--pane-height', `${100 / rows}%`);
    const corners = this.corners();
    this.panes.forEach(({ element, map }, index) => {
      const { left = 0, top = 0 } = corners[index + 1] ?? {};
      element.style.left = `${100 * left}%`;
      element.style.top = `${100 * top}%`;
      map.updateSize();
    });
    this.viewer.map.updateSize();
    this.events.onLayout();
  }
}
