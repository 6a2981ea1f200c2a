/** What a pressed key is for. */

type Pressed = Pick<KeyboardEvent, 'key' | 'keyCode' | 'isComposing' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** Key code of a key that an input method takes: Safari ends a composition before it tells of the Enter that ended it. */
const TAKEN_BY_INPUT_METHOD = 229;

/** Whether the key belongs to a word that is still being composed (Japanese, Chinese, Korean, dead keys). */
export function isComposing({ isComposing, keyCode }: Pick<Pressed, 'isComposing' | 'keyCode'>): boolean {
  return isComposing || keyCode === TAKEN_BY_INPUT_METHOD;
}

/** Whether Enter sends what is written. On a touch screen it makes a line, as there is no Shift to hold. */
export function sends(pressed: Pressed, touch: boolean): boolean {
  if (pressed.key !== 'Enter' || isComposing(pressed) || pressed.shiftKey || pressed.altKey) return false;
  return !touch || pressed.ctrlKey || pressed.metaKey;
}

/** Whether a key is one of a choice: pressed alone, and not part of a word. */
export function isPlain(pressed: Pressed): boolean {
  return !isComposing(pressed) && !pressed.ctrlKey && !pressed.metaKey && !pressed.altKey;
}

/** Whether people write with a finger here. */
export function isTouchScreen(): boolean {
  return globalThis.matchMedia?.('(hover: none) and (pointer: coarse)').matches ?? false;
}
