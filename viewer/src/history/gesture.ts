// Which movement of the hand is under way: all that is changed by it is one step to undo.

export class Gesture {
  private count = 0;
  private held = false;
  private byPointer = false;

  constructor(page: EventTarget) {
    const listen = (type: string, hear: (event: Event) => void): void => page.addEventListener(type, hear, { capture: true, passive: true });
    listen('pointerdown', (event) => {
      if (!(event as PointerEvent).isPrimary) return;
      this.held = true;
      this.begin(true);
    });
    // What a click does comes after it: a field that was left by pressing a button is another matter than the button.
    for (const type of ['pointerup', 'pointercancel']) {
      listen(type, (event) => {
        if (!(event as PointerEvent).isPrimary) return;
        this.held = false;
        this.begin(true);
      });
    }
    listen('keydown', (event) => {
      if (!(event as KeyboardEvent).repeat && !this.held) this.begin(false);
    });
  }

  /** `quick`: by keys, whose presses in a row are one movement. */
  now(): { gesture: string; quick: boolean } {
    return { gesture: `hand ${this.count}`, quick: !this.byPointer };
  }

  private begin(byPointer: boolean): void {
    this.count += 1;
    this.byPointer = byPointer;
  }
}
