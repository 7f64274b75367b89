// The browser's own notifications, for whoever has asked for them.

export class DesktopNotifier {
  get isWanted(): boolean {
    return this._isWanted;
  }

  set isWanted(wanted: boolean) {
    this._isWanted = wanted;
    if (wanted && 'Notification' in window && window.Notification.permission === 'default') {
      void window.Notification.requestPermission();
    }
  }

  /** Show `message` while the browser's tab is in the background; a click leads to it. */
  notify(message: string, show: () => void): void {
    if (!this._isWanted || !document.hidden || !('Notification' in window)) {
      return;
    }
    if (window.Notification.permission === 'granted') {
      const shown = new window.Notification('Terraform', { body: message, tag: 'tfmfa_nb' });
      shown.onclick = () => {
        window.focus();
        shown.close();
        show();
      };
    }
  }

  private _isWanted = false;
}
