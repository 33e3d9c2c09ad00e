// Others over the first image on one map: swiped, in turn, see-through, or as a difference.
import LayerGroup from 'ol/layer/Group.js';
import { PLAIN } from '../face.ts';
import { gpuIsThere } from '../gpu/support.ts';
import type { Picture } from '../picture.ts';
import type { RevisionOf } from '../layer.ts';
import type { Viewer } from '../viewer.ts';
import type { Compared } from './compared.ts';
import { Difference } from './difference.ts';
import { planeOf } from './pair-source.ts';
import { type Ground, Sheet } from './sheet.ts';
import { type Compare, FIRST_COLORMAP } from './state.ts';
import type { ImageInfo } from '../api.ts';
import type { Display } from '../state.ts';

/** The image that all others are compared with. */
export interface First {
  info: ImageInfo;
  display: Display;
  picture: Picture;
  revisionOf: RevisionOf;
}

export class Over {
  private readonly sheets = new Map<Compared, Sheet>();
  private difference: Difference | null = null;
  /** Which one the difference is from. */
  private other: Compared | null = null;

  constructor(
    private readonly viewer: Viewer,
    ground: Ground,
    private first: First,
    others: readonly Compared[],
    isDifference: boolean,
  ) {
    const [other] = others;
    if (!isDifference) {
      for (const each of others) {
        if (each.info) this.sheets.set(each, new Sheet(ground, each.info, each.picture(each.info), each.revisionOf));
      }
      viewer.setOver('compared', new LayerGroup({ layers: [...this.sheets.values()].map(({ layer }) => layer) }));
    } else if (other?.info && gpuIsThere()) {
      this.other = other;
      this.difference = new Difference(ground, ...this.planes(other, other.info));
      viewer.setOver('compared', this.difference.layer);
    }
  }

  /** `front`: which image is seen while they blink. `limit`: of the difference, as far as it is known. */
  arrange({ mode, share, colormap }: Compare, front: number, limit: number | null): void {
    const { viewer, difference } = this;
    difference?.colour(limit, colormap ?? FIRST_COLORMAP);
    if (mode === 'swipe') viewer.setFace({ ...PLAIN, clip: [0, share] });
    else if (mode === 'blink') viewer.setFace({ ...PLAIN, opacity: Number(front === 0) });
    else viewer.setFace({ ...PLAIN, visible: difference === null });
    [...this.sheets.values()].forEach((sheet, index) => {
      if (mode === 'blink') sheet.setFace({ ...PLAIN, opacity: Number(front === index + 1) });
      else if (index > 0) sheet.setFace({ ...PLAIN, visible: false });
      else sheet.setFace(mode === 'swipe' ? { ...PLAIN, clip: [share, 1] } : { ...PLAIN, opacity: share });
    });
  }

  /** The first image is shown in another way. False if the tiles that are there will do. */
  showFirst(first: First): boolean {
    this.first = first;
    return this.showDifference();
  }

  /** False if the tiles that are there will do. */
  show(other: Compared): boolean {
    const sheet = this.sheets.get(other);
    if (!other.info) return false;
    return sheet ? sheet.show(other.picture(other.info)) : other === this.other && this.showDifference();
  }

  /** A limit that fits what is seen of the difference. */
  fitting(): number | null {
    return this.difference?.fitting() ?? null;
  }

  smooth(): void {
    for (const sheet of this.all()) sheet.smooth();
  }

  stretch(): void {
    for (const sheet of this.sheets.values()) sheet.stretch();
    if (this.difference?.stretch()) this.viewer.setOver('compared', this.difference.layer);
  }

  reload(): void {
    for (const sheet of this.all()) sheet.reload();
  }

  touch(other: Compared, shows: boolean): void {
    this.sheets.get(other)?.touch(shows);
    if (other === this.other) this.difference?.touch(shows);
  }

  touchFirst(shows: boolean): void {
    this.difference?.touch(shows);
  }

  dispose(): void {
    this.viewer.setOver('compared', null);
    this.viewer.setFace(PLAIN);
    for (const sheet of this.all()) sheet.dispose();
  }

  private all(): (Sheet | Difference)[] {
    return this.difference ? [this.difference] : [...this.sheets.values()];
  }

  private showDifference(): boolean {
    const { other, difference } = this;
    return other?.info && difference ? difference.show(...this.planes(other, other.info)) : false;
  }

  private planes(other: Compared, info: ImageInfo): [ReturnType<typeof planeOf>, ReturnType<typeof planeOf>] {
    const { first } = this;
    return [
      planeOf(first.info, first.display, first.picture, first.revisionOf),
      planeOf(info, other.display, other.picture(info), other.revisionOf),
    ];
  }
}
