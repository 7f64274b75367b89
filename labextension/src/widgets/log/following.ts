// Whether a person follows the end of a log, or has scrolled back and is to be left there.

const CLOSE = 2; // pixels from the end that still count as being there: zoomed pages stand between pixels

/** Where a pane stands, in pixels. */
export interface IPlace {
  /** The first pixel in view. */
  readonly top: number;
  /** What `top` is at the end. */
  readonly end: number;
}

export class Following {
  /** Whether the view goes along with the end. */
  get isOn(): boolean {
    return this._isOn;
  }

  /** Whether the view has to be moved, to be at the end again. */
  get lags(): boolean {
    return this._isOn && this._place.end - this._place.top >= CLOSE;
  }

  get place(): IPlace {
    return this._place;
  }

  /** How many of `total` lines have come since the person left the end. */
  unseen(total: number): number {
    return this._isOn ? 0 : Math.max(0, total - this._seen);
  }

  /** Goes along with the end from here on. */
  start(): void {
    this._isOn = true;
  }

  /** Leaves the view where it is, `total` being the lines that were there. */
  stop(total: number): void {
    if (this._isOn) {
      this._seen = total;
    }
    this._isOn = false;
  }

  /** Takes note of where the view stands, whoever moved it. */
  note(place: IPlace): void {
    this._place = place;
  }

  /**
   * Judges by where the view stands now whether the person has left the end, or come back to it.
   *
   * Keys and wheels scroll smoothly, and their first frame may bring a pixel: whoever moves up leaves the end, or the
   * next draw would take them back to it. Where the end itself has moved, the browser may have moved the view.
   */
  judge(place: IPlace, total: number): void {
    const before = this._place;
    this._place = place;
    if (place.top === before.top) {
      return;
    }
    const movedUp = place.end === before.end && place.top < before.top;
    if (!movedUp && place.end - place.top < CLOSE) {
      this.start();
    } else {
      this.stop(total);
    }
  }

  private _isOn = true;
  private _seen = 0;
  private _place: IPlace = { top: 0, end: 0 };
}
