// Who has the keyboard.

/**
 * Whether a person types outside `own`.
 *
 * The empty cell that Shift+Enter has just made is nobody's typing yet; a terminal's field is always empty.
 */
export function isTypingElsewhere(own: HTMLElement): boolean {
  const editor = document.activeElement?.closest<HTMLElement>("input, textarea, select, [contenteditable='true']");
  if (!editor || own.contains(editor)) {
    return false;
  }
  const text = 'value' in editor && typeof editor.value === 'string' ? editor.value : editor.textContent;
  return !editor.closest('.jp-Cell') || text.trim() !== '';
}
