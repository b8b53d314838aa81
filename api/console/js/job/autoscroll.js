/** Keeps the end of a growing part in sight while its reader is there. */

const MARGIN = 32;

/**
 * Let `grow` change the part, and scroll by as much as its end has moved out of the window.
 *
 * @param {HTMLElement} part
 * @param {() => void} grow
 */
export function autoscroll(part, grow) {
  const below = () => part.getBoundingClientRect().bottom + MARGIN - window.innerHeight;
  const before = below();
  grow();
  if (before <= MARGIN * 2 && below() > 0) window.scrollBy(0, below());
}
